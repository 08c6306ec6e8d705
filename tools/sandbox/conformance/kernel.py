"""Programs that use parts of the kernel that no program under test needs."""

from refinegraph.tools.sandbox.conformance.cases import attack
from refinegraph.tools.sandbox.policy import Layer

_CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def made(result):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True
X86 = os.uname().machine == 'x86_64'
def call(x86, arm, *arguments):
    return made(libc.syscall(x86 if X86 else arm, *arguments))
"""
_SECCOMP: tuple[Layer, ...] = ("seccomp",)
_ROOT: tuple[Layer, ...] = ("seccomp", "landlock", "unprivileged_user", "no_capabilities")
"""Without these, a program has the powers of root within its namespaces, and no more."""

CASES = (
    attack(
        "is root",
        "import os\nreturn os.getuid() == 0 or os.geteuid() == 0",
        control=("unprivileged_user",),
        expected=("failed",),
        only_as_root=True,
    ),
    attack(
        "becomes root",
        "import os\nos.setuid(0)\nreturn os.getuid() == 0",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "becomes another user",
        "import os\nos.setresuid(1, 1, 1)\nreturn True",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "takes capabilities",
        _CALL + "head = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)(1, 1)\n"
        "return made(libc.capset(head, sets))",
        control=_ROOT,
    ),
    attack(
        "has capabilities",
        _CALL + "head = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)()\n"
        "made(libc.capget(head, sets))\nreturn any(sets)",
        control=_ROOT,
    ),
    attack(
        "may gain privileges",
        _CALL + "return libc.prctl(39, 0, 0, 0, 0) == 0",
        control=("no_new_privileges", "landlock", "seccomp"),
    ),
    attack("new user namespace", _CALL + "return made(libc.unshare(0x10000000))", control=_SECCOMP),
    attack("new mount namespace", _CALL + "return made(libc.unshare(0x20000))", control=_ROOT),
    attack("new network namespace", _CALL + "return made(libc.unshare(0x40000000))", control=_ROOT),
    attack(
        "enters a namespace",
        _CALL + "own = os.pidfd_open(os.getpid())\nreturn made(libc.setns(own, 0x4000000))",
        control=_ROOT,
    ),
    attack(
        "mounts", _CALL + "return made(libc.mount(b'x', b'/tmp', b'tmpfs', 0, None))", control=_ROOT
    ),
    attack("unmounts", _CALL + "return made(libc.umount2(b'/tmp', 2))", control=_ROOT),
    attack("changes its root", "import os\nos.chroot('/')\nreturn True", control=_ROOT),
    attack(
        "pivots its root",
        _CALL + "made(libc.unshare(0x20000))\n"
        "made(libc.mount(b'x', b'/tmp', b'tmpfs', 0, None))\n"
        "os.mkdir('/tmp/old')\n"
        "return call(155, 41, b'/tmp', b'/tmp/old')",
        control=_ROOT,
    ),
    attack(
        "new mount calls", _CALL + "return made(libc.syscall(428, -100, b'/', 1))", control=_ROOT
    ),
    attack(
        "clone3",
        _CALL + "wanted = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)\n"
        "made_here = libc.syscall(435, wanted, 64)\n"
        "if made_here == 0: os._exit(0)\n"
        "return made(made_here)",
        control=_SECCOMP,
    ),
    attack(
        "clone3 with a new user namespace",
        _CALL + "wanted = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17)\n"
        "made_here = libc.syscall(435, wanted, 64)\n"
        "if made_here == 0: os._exit(0)\n"
        "return made(made_here)",
        control=_SECCOMP,
    ),
    attack(
        "clone without a thread",
        _CALL + "made_here = libc.syscall(56 if X86 else 220, 17, 0, 0, 0, 0)\n"
        "if made_here == 0: os._exit(0)\n"
        "return made(made_here)",
        control=_SECCOMP,
    ),
    attack(
        "vfork by number",
        _CALL + "if not X86: raise OSError('no such call here')\n"
        "made_here = libc.syscall(57)\n"
        "if made_here == 0: os._exit(0)\n"
        "return made(made_here)",
        control=_SECCOMP,
    ),
    attack("traces itself", _CALL + "return made(libc.ptrace(0, 0, 0, 0))", control=_SECCOMP),
    attack(
        "traces what runs it",
        _CALL + "return made(libc.ptrace(0x4206, os.getppid(), 0, 0))",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "reads another process's memory",
        _CALL + "place = ctypes.cast(libc.getpid, ctypes.c_void_p).value\n"
        "mine = ctypes.create_string_buffer(8)\n"
        "here = (ctypes.c_uint64 * 2)(ctypes.addressof(mine), 8)\n"
        "there = (ctypes.c_uint64 * 2)(place, 8)\n"
        "return made(libc.process_vm_readv(os.getppid(), here, 1, there, 1, 0))",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "writes another process's memory",
        _CALL + "mine = ctypes.create_string_buffer(8)\n"
        "here = (ctypes.c_uint64 * 2)(ctypes.addressof(mine), 8)\n"
        "return made(libc.process_vm_writev(os.getpid(), here, 1, here, 1, 0))",
        control=_SECCOMP,
    ),
    attack(
        "takes a descriptor of another process",
        _CALL + "other = os.pidfd_open(os.getppid())\nreturn call(438, 438, other, 0, 0)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "opens another process",
        "import os\nreturn os.pidfd_open(os.getppid()) >= 0",
        control=_SECCOMP,
    ),
    attack(
        "io_uring",
        _CALL + "return made(libc.syscall(425, 8, (ctypes.c_uint8 * 120)()))",
        control=("seccomp", "limits"),
    ),
    attack("userfaultfd", _CALL + "return call(323, 282, 1)", control=_SECCOMP),
    attack(
        "bpf",
        _CALL + "wanted = (ctypes.c_uint32 * 32)(2, 4, 8, 1)\nreturn call(321, 280, 0, wanted, 72)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "perf events",
        _CALL + "wanted = (ctypes.c_uint32 * 32)(1, 112)\n"
        "return call(298, 241, wanted, 0, -1, -1, 0)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack("keys", _CALL + "return call(250, 219, 0, -3, 1, 0, 0)", control=_SECCOMP),
    attack(
        "adds a key", _CALL + "return call(248, 217, b'user', b'x', b'y', 1, -3)", control=_SECCOMP
    ),
    attack("secret memory", _CALL + "return made(libc.syscall(447, 0))", control=_SECCOMP),
    attack("shared memory", _CALL + "return made(libc.shmget(0, 4096, 0o1666))", control=_SECCOMP),
    attack("semaphores", _CALL + "return made(libc.semget(0, 1, 0o1666))", control=_SECCOMP),
    attack("messages", _CALL + "return made(libc.msgget(0, 0o1666))", control=_SECCOMP),
    attack(
        "message queue",
        _CALL + "return call(240, 180, b'x', 0o102, 0o600, None)",
        control=("seccomp", "limits", "landlock"),
    ),
    attack(
        "another personality", _CALL + "return made(libc.personality(0x0040000))", control=_SECCOMP
    ),
    attack(
        "compares with another process",
        _CALL + "return call(312, 272, 1, os.getppid(), 0, 0, 0)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "watches all files",
        _CALL + "return call(300, 262, 0, 0)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack(
        "opens by handle",
        _CALL + "handle = (ctypes.c_uint32 * 34)(128)\n"
        "call(303, 264, -100, b'/', handle, (ctypes.c_int * 1)(), 0)\n"
        "return call(304, 265, os.open('/', os.O_RDONLY), handle, 0)",
        control=_ROOT,
        only_as_root=True,
    ),
    attack("sets the clock", "import time\ntime.clock_settime(0, 0)\nreturn True"),
    attack(
        "sets the host's name", "import socket\nsocket.sethostname('x')\nreturn True", control=_ROOT
    ),
    attack(
        "reads the kernel's messages",
        _CALL + "return made(libc.klogctl(3, (ctypes.c_uint8 * 64)(), 64))",
        control=_ROOT,
        only_as_root=True,
    ),
    attack("restarts the machine", _CALL + "return call(169, 142, 0, 0, 0, None)"),
    attack("loads a module", _CALL + "return call(175, 105, b'x', 1, b'')"),
    attack("swaps", _CALL + "return made(libc.swapon(b'/tmp', 0))"),
    attack("accounts", _CALL + "return made(libc.acct(None))"),
    attack(
        "raises its priority",
        "import os\nos.nice(-5)\nreturn True",
        control=_ROOT,
        only_as_root=True,
    ),
    attack("a call of the x32 table", _CALL + "return made(libc.syscall(0x40000000 + 39))"),
    attack(
        "a call of the 32-bit table",
        _CALL + "import mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n"
        "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "return ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0",
        control=_SECCOMP,
        expected=("crashed", "error", "failed"),
    ),
    attack(
        "a filter of its own",
        _CALL + "import struct\n"
        "allow = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0x7fff0000))\n"
        "program = struct.pack('HxxxxxxQ', 1, ctypes.addressof(allow))\n"
        "return made(libc.prctl(22, 2, program, 0, 0))",
        control=_SECCOMP,
    ),
    attack(
        "becomes a reaper of orphans", _CALL + "return made(libc.prctl(36, 1))", control=_SECCOMP
    ),
    attack("can be looked into again", _CALL + "return made(libc.prctl(4, 1))", control=_SECCOMP),
    attack(
        "outlives what started it",
        _CALL + "return made(libc.prctl(1, 0))",
        control=_SECCOMP,
    ),
    attack(
        "locks memory",
        _CALL + "page = ctypes.create_string_buffer(4096)\nreturn made(libc.mlock(page, 4096))",
        control=("seccomp", "limits"),
    ),
    attack(
        "takes real-time priority",
        "import os\nos.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))\nreturn True",
        control=_ROOT,
        only_as_root=True,
    ),
    *(
        attack(f"{name} of what runs it", body, control=_ROOT)
        for name, body in (
            (
                "limits",
                "import os, resource\n"
                "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3))\nreturn True",
            ),
            (
                "processor time",
                "import os, resource\n"
                "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))\nreturn True",
            ),
            (
                "priority",
                "import os\nos.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\nreturn True",
            ),
            (
                "processors",
                "import os\nos.sched_setaffinity(os.getppid(), {0})\nreturn True",
            ),
            (
                "scheduling",
                "import os\n"
                "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))\n"
                "return True",
            ),
            (
                "input priority",
                _CALL + "return call(251, 30, 1, os.getppid(), 3 << 13)",
            ),
        )
    ),
    *(
        attack(
            f"sends signal {number} to what runs it",
            f"import os, time\nos.kill(os.getppid(), {number})\ntime.sleep(0.2)\nreturn False",
        )
        for number in (2, 10, 14, 15, 19, 24, 34)
    ),
)
