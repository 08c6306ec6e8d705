"""Programs that reach for the parts of the kernel that nothing under test needs."""

from refinegraph.tools.sandbox.conformance.cases import attack
from refinegraph.tools.sandbox.policy import Layer

_CALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def made(result):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True
"""
_SECCOMP: tuple[Layer, ...] = ("seccomp",)

CASES = (
    attack(
        "is root",
        "import os\nreturn os.getuid() == 0 or os.geteuid() == 0",
        control=("unprivileged_user",),
        expected=("failed",),
        only_as_root=True,
    ),
    attack("becomes root", "import os\nos.setuid(0)\nreturn True"),
    attack("becomes another user", "import os\nos.setresuid(1, 1, 1)\nreturn True"),
    attack(
        "takes capabilities",
        _CALL + "head = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)(*[0xffffffff] * 6)\n"
        "return made(libc.capset(head, sets))",
    ),
    attack(
        "has capabilities",
        _CALL + "head = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "sets = (ctypes.c_uint32 * 6)()\n"
        "made(libc.capget(head, sets))\nreturn any(sets)",
    ),
    attack("may gain privileges", _CALL + "return libc.prctl(39, 0, 0, 0, 0) == 0"),
    attack("new user namespace", _CALL + "return made(libc.unshare(0x10000000))", control=_SECCOMP),
    attack("new mount namespace", _CALL + "return made(libc.unshare(0x20000))"),
    attack("new network namespace", _CALL + "return made(libc.unshare(0x40000000))"),
    attack("enters a namespace", _CALL + "return made(libc.setns(0, 0))"),
    attack("mounts", _CALL + "return made(libc.mount(b'x', b'/tmp', b'tmpfs', 0, None))"),
    attack("unmounts", _CALL + "return made(libc.umount2(b'/tmp', 2))"),
    attack("changes its root", "import os\nos.chroot('/')\nreturn True"),
    attack("pivots its root", _CALL + "return made(libc.syscall(155, b'/', b'/tmp'))"),
    attack("new mount calls", _CALL + "return made(libc.syscall(428, -100, b'/', 1))"),
    attack("clone3", _CALL + "return made(libc.syscall(435, None, 0))"),
    attack("clone without a thread", _CALL + "return made(libc.syscall(56, 17, 0, 0, 0, 0))"),
    attack("traces itself", _CALL + "return made(libc.ptrace(0, 0, 0, 0))", control=_SECCOMP),
    attack("traces what runs it", _CALL + "return made(libc.ptrace(16, os.getppid(), 0, 0))"),
    attack(
        "reads another process's memory",
        _CALL + "part = (ctypes.c_uint64 * 2)(0, 8)\n"
        "return made(libc.process_vm_readv(os.getppid(), part, 1, part, 1, 0))",
    ),
    attack(
        "writes another process's memory",
        _CALL + "part = (ctypes.c_uint64 * 2)(0, 8)\n"
        "return made(libc.process_vm_writev(os.getppid(), part, 1, part, 1, 0))",
    ),
    attack(
        "takes a descriptor of another process", _CALL + "return made(libc.syscall(438, 3, 0, 0))"
    ),
    attack("opens another process", "import os\nreturn os.pidfd_open(os.getppid()) >= 0"),
    attack(
        "io_uring",
        _CALL + "return made(libc.syscall(425, 8, (ctypes.c_uint8 * 120)()))",
        control=("seccomp", "limits"),
    ),
    attack("userfaultfd", _CALL + "return made(libc.syscall(323, 1))"),
    attack("bpf", _CALL + "return made(libc.syscall(321, 5, (ctypes.c_uint8 * 120)(), 120))"),
    attack(
        "perf events",
        _CALL + "return made(libc.syscall(298, (ctypes.c_uint8 * 128)(), 0, -1, -1, 0))",
    ),
    attack("keys", _CALL + "return made(libc.syscall(250, 0, -3, 1, 0, 0))", control=_SECCOMP),
    attack("adds a key", _CALL + "return made(libc.syscall(248, b'user', b'x', b'y', 1, -3))"),
    attack("secret memory", _CALL + "return made(libc.syscall(447, 0))"),
    attack("shared memory", _CALL + "return made(libc.shmget(0, 4096, 0o1666))", control=_SECCOMP),
    attack("semaphores", _CALL + "return made(libc.semget(0, 1, 0o1666))"),
    attack("messages", _CALL + "return made(libc.msgget(0, 0o1666))"),
    attack("message queue", _CALL + "return made(libc.syscall(240, b'/x', 0o102, 0o600, None))"),
    attack(
        "another personality", _CALL + "return made(libc.personality(0x0040000))", control=_SECCOMP
    ),
    attack(
        "compares with another process",
        _CALL + "return made(libc.syscall(312, 1, os.getppid(), 0, 0, 0))",
    ),
    attack("watches all files", _CALL + "return made(libc.syscall(300, 0, 0))"),
    attack("opens by handle", _CALL + "return made(libc.syscall(304, 3, b'x' * 16, 0))"),
    attack("sets the clock", "import time\ntime.clock_settime(0, 0)\nreturn True"),
    attack("sets the host's name", "import socket\nsocket.sethostname('x')\nreturn True"),
    attack(
        "reads the kernel's messages",
        _CALL + "return made(libc.klogctl(3, (ctypes.c_uint8 * 64)(), 64))",
    ),
    attack("restarts the machine", _CALL + "return made(libc.syscall(169, 0, 0, 0, None))"),
    attack("loads a module", _CALL + "return made(libc.syscall(175, b'x', 1, b''))"),
    attack("swaps", _CALL + "return made(libc.swapon(b'/tmp', 0))"),
    attack("accounts", _CALL + "return made(libc.acct(None))"),
    attack("raises its priority", "import os\nos.nice(-5)\nreturn True"),
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
        "a filter of its own that allows all", _CALL + "return made(libc.prctl(22, 2, None, 0, 0))"
    ),
)
