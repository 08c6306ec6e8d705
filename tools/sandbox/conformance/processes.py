"""Programs that create processes, and programs that attack other processes."""

from refinegraph.tools.sandbox.conformance.cases import HARMLESS, QUICK, HostileCase, attack
from refinegraph.tools.sandbox.policy import Layer

_FILES: tuple[Layer, ...] = ("private_root", "private_folder", "landlock")
_COMMANDS: tuple[Layer, ...] = (*_FILES, "seccomp")
_OTHERS: tuple[Layer, ...] = (
    *_COMMANDS,
    *("namespaces", "pid_namespace", "unprivileged_user", "no_capabilities"),
)
_VICTIM = "import ctypes, os, signal\nlibc = ctypes.CDLL(None)\n"
_BESIDE = QUICK.model_copy(update={"cpu_seconds": 2})
"""Also applies to the victim, which must not exceed its own processor time."""

MAKING = (
    attack(
        "fork",
        """
        import os
        made = os.fork()
        if made == 0: os._exit(0)
        return made > 0
        """,
        control=("seccomp",),
    ),
    attack(
        "forks without end",
        """
        import os
        made = 0
        for _ in range(200):
            if os.fork() == 0: os._exit(0)
            made += 1
        return made == 200
        """,
    ),
    attack(
        "forks with a terminal",
        "import pty, os\nnumber, _ = pty.fork()\nif number == 0: os._exit(0)\nreturn True",
    ),
    attack(
        "forks from C",
        """
        import ctypes, os
        made = ctypes.CDLL(None).fork()
        if made == 0: os._exit(0)
        return made > 0
        """,
        control=("seccomp",),
        expected=("failed",),
    ),
    attack(
        "a process of multiprocessing",
        """
        import multiprocessing
        made = multiprocessing.get_context('fork').Process(target=int)
        made.start()
        made.join()
        return made.exitcode == 0
        """,
        control=("seccomp",),
    ),
    attack(
        "leaves a process behind",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 256)
                time.sleep(0.7)
                open('@canary@', 'w').close()
            os._exit(0)
        time.sleep(0.3)
        return False
        """,
        control=(*_COMMANDS, "pid_namespace", "namespaces"),
        expected=("error", "failed"),
        later=1.2,
    ),
    attack(
        "runs a command",
        "import os\nreturn os.system('true') == 0",
        control=_COMMANDS,
        expected=("error", "failed"),
    ),
    attack(
        "runs a command from C",
        "import ctypes\nreturn ctypes.CDLL(None).system(b'true') == 0",
        control=_COMMANDS,
        expected=("error", "failed"),
    ),
    attack(
        "runs a command with modules loaded anew",
        """
        import importlib, os, subprocess
        importlib.reload(os)
        importlib.reload(subprocess)
        return subprocess.run(['/bin/true']).returncode == 0
        """,
        control=(*_COMMANDS, "unprivileged_user", "no_capabilities"),
    ),
    attack(
        "runs a command and reads it",
        "import os\nreturn os.popen('echo y').read() == 'y\\n'",
        control=(*_COMMANDS, "unprivileged_user", "no_capabilities"),
    ),
    attack(
        "runs a program",
        """
        import os
        return os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1] == 0
        """,
        control=_COMMANDS,
    ),
    attack(
        "runs another interpreter",
        """
        import subprocess, sys
        return subprocess.run([sys.executable, '-c', 'pass']).returncode == 0
        """,
        control=(*_COMMANDS, "unprivileged_user", "no_capabilities"),
    ),
    attack(
        "becomes another program",
        """
        import os
        os.execv('/bin/sh', ['sh', '-c', 'echo > @canary@'])
        return True
        """,
        control=_COMMANDS,
    ),
    attack(
        "becomes a program of another owner",
        "import os\nos.execv('/usr/bin/su', ['su', '-c', 'true'])\nreturn True",
    ),
    attack(
        "runs a program from memory",
        """
        import os
        number = os.memfd_create('x', 0)
        os.write(number, open('/bin/true', 'rb').read())
        made = os.fork()
        if made == 0: os.execve(number, ['x'], {})
        return os.waitpid(made, 0)[1] == 0
        """,
        control=_COMMANDS,
    ),
)

REACHING = (
    attack(
        "kills a process of the host",
        _VICTIM + "os.kill(@victim@, 9)\nreturn True",
        control=_OTHERS,
    ),
    attack(
        "kills a process of the host from C",
        _VICTIM + "return libc.kill(@victim@, 9) == 0",
        control=_OTHERS,
    ),
    attack(
        "kills a group of the host",
        _VICTIM + "os.kill(os.getpgid(@victim@) and @victim@, 9)\nreturn True",
        control=_OTHERS,
    ),
    attack(
        "signals a process of the host through a descriptor",
        _VICTIM + "signal.pidfd_send_signal(os.pidfd_open(@victim@), 9)\nreturn True",
        control=_OTHERS,
    ),
    attack(
        "queues a signal for a process of the host",
        _VICTIM + "info = (ctypes.c_int * 32)(9, 0, -1)\n"
        "return libc.syscall(129 if os.uname().machine == 'x86_64' else 138,"
        " @victim@, 9, info) == 0",
        control=_OTHERS,
    ),
    attack(
        "finds a secret in another's environment",
        "return b'SECRET' in open('/proc/@victim@/environ', 'rb').read()",
        control=_OTHERS,
    ),
    attack(
        "reads another's memory as a file",
        """
        start = int(open('/proc/@victim@/maps').read().split('-')[0], 16)
        with open('/proc/@victim@/mem', 'rb') as memory:
            memory.seek(start)
            return len(memory.read(8)) == 8
        """,
        control=_OTHERS,
        only_as_root=True,
    ),
    attack(
        "stops and traces a process of the host",
        _VICTIM + "return libc.ptrace(0x4206, @victim@, 0, 0) == 0",
        control=_OTHERS,
        only_as_root=True,
    ),
    attack(
        "limits a process of the host",
        "import resource\nresource.prlimit(@victim@, resource.RLIMIT_CPU, (9, 9))\nreturn True",
        control=_OTHERS,
    ),
    attack(
        "slows a process of the host down",
        "import os\nos.setpriority(os.PRIO_PROCESS, @victim@, 10)\nreturn True",
        control=_OTHERS,
    ),
    attack(
        "ties a process of the host to one processor",
        "import os\nos.sched_setaffinity(@victim@, {*list(os.sched_getaffinity(0))[:1]})\n"
        "return True",
        control=_OTHERS,
    ),
    attack(
        "lists the processes of the host",
        "import os\nreturn '@victim@' in os.listdir('/proc')",
        control=_OTHERS,
    ),
    attack(
        "feels for processes",
        """
        import os
        found = []
        for number in range(2, 33_000):
            try: os.kill(number, 0)
            except OSError: continue
            if number != os.getpid(): found.append(number)
        return bool(found)
        """,
        control=_OTHERS,
        expected=("failed", "error"),
    ),
    attack(
        "kills what runs it",
        """
        import os, signal, time
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.5)
        return False
        """,
        control=_OTHERS,
    ),
    attack("kills everything", "import os, signal\nos.kill(-1, signal.SIGKILL)\nreturn False"),
    attack(
        "signals the first process",
        "import os\nos.kill(1, 9)\nos.kill(1, 15)\nos.kill(1, 19)\nreturn False",
        expected=("error", "failed"),
    ),
)


def _beside(name: str, attacking: str, victim: str) -> HostileCase:
    source = "import os, signal, time\ntime.sleep(0.3)\n" + attacking
    return HostileCase(
        name=name,
        source=source + "\ndef f(): return False",
        beside=victim,
        expected=(*HARMLESS, "cpu_exceeded", "timeout", "memory_exceeded", "output_exceeded"),
        policy=_BESIDE,
    )


_SLEEPER = "import time\ndef f():\n    time.sleep(1)\n    return 'right'"
_WRITER = (
    "import os, time\ndef f():\n    open('mine', 'w').write('x')\n    time.sleep(1)\n"
    "    return 'right' if open('mine').read() == 'x' else 'wrong'"
)
NEIGHBOURS = (
    _beside(
        "kills its neighbours one by one",
        "for number in range(2, 5000):\n"
        "    try: number == os.getpid() or os.kill(number, signal.SIGKILL)\n"
        "    except OSError: pass",
        _SLEEPER,
    ),
    _beside("kills its neighbours at once", "os.kill(-1, signal.SIGKILL)", _SLEEPER),
    _beside("takes all processor time beside another", "while True: pass", _SLEEPER),
    _beside(
        "takes all memory beside another",
        "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        _SLEEPER,
    ),
    _beside(
        "takes all threads beside another",
        "import threading\n"
        "while True: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "import threading\nimport time\ndef f():\n    time.sleep(0.7)\n"
        "    made = threading.Thread(target=int)\n    made.start()\n    made.join()\n"
        "    return 'right'",
    ),
    _beside(
        "fills its folder beside another",
        "for number in range(2000):\n"
        "    with open(str(number), 'wb') as file: file.write(b'x' * 65536)",
        _WRITER,
    ),
    _beside(
        "writes over a neighbour's file",
        "for path in ('mine', '/tmp/mine', '../mine'):\n"
        "    try: open(path, 'w').write('spoilt')\n"
        "    except OSError: pass",
        _WRITER,
    ),
    _beside("prints without end beside another", "while True: print('x' * 100_000)", _SLEEPER),
)

CASES = (*MAKING, *REACHING, *NEIGHBOURS)
