"""Commands that use parts of the kernel that no ordinary command needs."""

from refinegraph.tools.workspace.conformance.cases import python, shell

_CALLS = (
    ("a new user namespace", 272, "0x10000000"),
    ("a new mount namespace", 272, "0x20000"),
    ("a new network namespace", 272, "0x40000000"),
    ("a user and a network namespace", 272, "0x50000000"),
    ("io_uring", 425, "8, ctypes.create_string_buffer(256)"),
    ("programs in the kernel", 321, "0, ctypes.create_string_buffer(128), 128"),
    ("performance counters", 298, "ctypes.create_string_buffer(128), 0, -1, -1, 0"),
    ("page faults of its own", 323, "0"),
    ("a key ring", 250, "0, -3, 1"),
    ("a key", 248, "b'user', b'x', b'y', 1, -3"),
    ("a secret file in memory", 447, "0"),
    ("a file in memory", 319, "b'x', 0"),
    ("a message queue", 68, "0, 0o1666"),
    ("shared memory", 29, "0, 4096, 0o1666"),
    ("semaphores", 64, "0, 1, 0o1666"),
    ("a mount", 165, "b'none', b'/tmp', b'tmpfs', 0, 0"),
    ("a mount by the new calls", 430, "b'tmpfs', 0"),
    ("a clone of a mount", 428, "-100, b'/', 1"),
    ("attributes of a mount", 442, "-100, b'/', 0, ctypes.create_string_buffer(32), 32"),
    ("an unmount", 166, "b'/tmp', 2"),
    ("another root", 155, "b'/tmp', b'/tmp'"),
    ("another root folder", 161, "b'/'"),
    ("a module", 313, "0, b'', 0"),
    ("a new kernel", 246, "0, 0, 0, 0"),
    ("a restart", 169, "0xfee1dead, 672274793, 0x1234567, 0"),
    ("swap", 167, "b'x', 0"),
    ("accounting", 163, "b'x'"),
    ("quotas", 179, "0, 0, 0, 0"),
    ("ports", 172, "3"),
    ("another time", 164, "ctypes.create_string_buffer(16), 0"),
    ("another clock", 227, "0, ctypes.create_string_buffer(16)"),
    ("another name of the machine", 170, "b'x', 1"),
    ("another personality", 135, "0x0040000"),
    ("watching all files", 300, "0, 0"),
    (
        "file handles",
        303,
        "-100, b'/', ctypes.create_string_buffer(128), ctypes.create_string_buffer(8), 0",
    ),
    ("the kernel's log", 103, "3, ctypes.create_string_buffer(16), 16"),
    ("the terminal's end", 153, ""),
    ("comparing processes", 312, "1, 1, 0, 0, 0"),
)
"""System calls by their numbers on x86-64; other machines skip these attacks."""

CALLS = tuple(
    python(
        f"asks for {name}",
        f"import platform\nif platform.machine() != 'x86_64': return False\n"
        f"return libc.syscall({number}{', ' if arguments else ''}{arguments}) >= 0",
    )
    for name, number, arguments in _CALLS
)

OTHERS = (
    python("clone with a namespace", "return libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) > 0"),
    python(
        "clone3",
        "return libc.syscall(435, ctypes.create_string_buffer(88), 88) >= 0 or ctypes.get_errno() != 38",
    ),
    python("a call of the 32-bit table", "return libc.syscall(0x40000000 + 39) > 0"),
    python(
        "types into a terminal",
        "import fcntl, pty\nmain, other = pty.openpty()\nfcntl.ioctl(other, 0x5412, b'x')\nreturn True",
    ),
    python(
        "a terminal of the host",
        "return os.path.exists('/dev/pts/0') and bool(os.write(os.open('/dev/pts/0', os.O_WRONLY), b'x'))",
    ),
    python(
        "capabilities",
        "lines = open('/proc/self/status').read()\nreturn any(int(line.split()[1], 16) for line in lines.splitlines() if line.startswith(('CapEff', 'CapPrm', 'CapAmb', 'CapBnd')))",
    ),
    python("new privileges", "return 'NoNewPrivs:\\t0' in open('/proc/self/status').read()"),
    python("becomes root", "os.setuid(0)\nreturn True"),
    python("becomes another group", "os.setgroups([0])\nreturn True"),
    python("is root", "return os.geteuid() == 0"),
    python("keeps its capabilities", "return libc.prctl(47, 2, 0, 0, 0) == 0"),
    shell(
        "a setuid program",
        "cp /bin/sh tool && chmod u+s tool && ./tool -c 'test $(id -u) = 0' && got",
    ),
    shell("the host's setuid programs", "su root -c true && got; sudo -n true && got"),
    shell("unshare", "unshare -r true && got; unshare -Urm true && got"),
    shell("a nested sandbox", "bwrap --unshare-all --ro-bind / / true && got"),
    shell("mount", "mkdir -p m; mount -t tmpfs none m && got; mount --bind /tmp m && got"),
    shell("fuse", "test -w /dev/fuse && got"),
    shell("tracing tools", "strace -p 1 && got; gdb -p 1 -batch && got"),
)
