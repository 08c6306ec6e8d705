"""Commands that try to outlive their run, and commands that attack other processes."""

from refinegraph.tools.workspace.conformance.cases import python, shell

_LATER = "time.sleep(0.5); open('@canary@', 'w').close(); time.sleep(600)"

OUTLIVING = (
    shell("background job", "sleep 600 & exit 0"),
    shell("nohup", "nohup sleep 600 >/dev/null 2>&1 &"),
    shell("setsid", "setsid sleep 600 >/dev/null 2>&1 &"),
    shell("setsid and nohup, without descriptors", "setsid nohup sleep 600 <&- >&- 2>&- &"),
    shell("many background jobs", "for i in 1 2 3 4 5 6 7 8 9; do sleep 600 & done"),
    shell("background job that holds the output open", "sleep 600 &"),
    shell("ignores signals", "trap '' TERM HUP INT QUIT; sleep 600 &"),
    shell("subshell in a subshell", "( ( ( sleep 600 ) & ) & ) &"),
    shell("pipeline left running", "yes | sleep 600 >/dev/null &"),
    shell("coprocess that writes later", "(sleep 0.3; echo x > @canary@; sleep 600) &"),
    python(
        "double fork",
        f"if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        {_LATER}\n    os._exit(0)",
    ),
    python(
        "triple fork",
        f"for _ in range(3):\n    if os.fork():\n        os._exit(0)\n    os.setsid()\n{_LATER}",
    ),
    python(
        "daemon that changes its folder",
        f"if os.fork() == 0:\n    os.setsid(); os.chdir('/'); os.closerange(0, 256)\n    {_LATER}",
    ),
    python(
        "fork in a thread",
        f"def work():\n    if os.fork() == 0:\n        {_LATER}\nthreading.Thread(target=work).start()",
    ),
    python(
        "vfork from C", "if libc.vfork() == 0:\n    os._exit(0)\nsubprocess.Popen(['sleep', '600'])"
    ),
    python("posix_spawn", "os.posix_spawn('/bin/sleep', ['sleep', '600'], {})"),
    python(
        "spawn in a session of its own",
        "subprocess.Popen(['sleep', '600'], start_new_session=True)",
    ),
    python("stops itself", "os.kill(os.getpid(), signal.SIGSTOP)", limit="timeout", seconds=1.0),
    python(
        "stops a child",
        "child = subprocess.Popen(['sleep', '600'])\nos.kill(child.pid, signal.SIGSTOP)",
    ),
    python("zombies", "for _ in range(50):\n    if os.fork() == 0:\n        os._exit(0)"),
    python(
        "blocks every signal",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(600)",
        limit="timeout",
        seconds=0.7,
    ),
    python(
        "ignores every signal",
        "for n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except Exception: pass\nwhile True: pass",
        limit="timeout",
        seconds=0.7,
    ),
    python("sleeps for ever", "time.sleep(600)", limit="timeout", seconds=0.5),
    python(
        "restarts itself",
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\nos._exit(0)",
    ),
    python(
        "leaves a timer",
        "signal.setitimer(signal.ITIMER_REAL, 300)\nsubprocess.Popen(['sleep', '600'])",
    ),
    python(
        "forks as it is killed",
        "signal.signal(signal.SIGTERM, lambda *a: os.fork())\ntime.sleep(600)",
        limit="timeout",
        seconds=0.5,
    ),
    python(
        "forks without end",
        "while True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)",
        limit="timeout",
        seconds=0.8,
    ),
    python(
        "threads without end",
        "count = 0\nwhile count < 5000:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); count += 1\nreturn count == 5000",
    ),
    shell("fork bomb of the shell", "f() { f | f & }; f; sleep 600", limit="timeout", seconds=0.8),
    python(
        "exits while a child holds its output", "subprocess.Popen(['sleep', '600'])\nos._exit(3)"
    ),
)

OTHERS = (
    shell("kills a process of the host", "kill -9 @victim@ && got"),
    python("kills all that it may", "os.kill(-1, signal.SIGTERM)"),
    python(
        "kills the first process",
        "os.kill(1, signal.SIGKILL)\ntime.sleep(0.1)\nos.kill(1, 0)\nreturn False",
    ),
    python(
        "sends signals to the parent's group", "os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)"
    ),
    python("stops the first process", "os.kill(1, signal.SIGSTOP)"),
    python("traces the first process", "return libc.ptrace(16, 1, 0, 0) == 0"),
    python("traces a process of the host", "return libc.ptrace(16, @victim@, 0, 0) == 0"),
    python("is traced", "return libc.ptrace(0, 0, 0, 0) == 0"),
    python(
        "reads the memory of the first process",
        "return len(open('/proc/1/mem', 'rb').read(1)) >= 0",
    ),
    python(
        "reads the environment of the first process",
        "return b'=' in open('/proc/1/environ', 'rb').read()",
    ),
    python(
        "lists the descriptors of the first process", "return len(os.listdir('/proc/1/fd')) >= 0"
    ),
    python("enters the root of the first process", "return bool(os.listdir('/proc/1/root/'))"),
    python("enters the folder of the first process", "return bool(os.listdir('/proc/1/cwd/'))"),
    python(
        "sees processes of the host",
        "return len([n for n in os.listdir('/proc') if n.isdigit()]) > 3",
    ),
    python(
        "reads the environment of a process of the host",
        "return b'SECRET' in open('/proc/@victim@/environ', 'rb').read()",
    ),
    python(
        "reads another process's memory by call",
        "buffer = ctypes.create_string_buffer(8)\nclass V(ctypes.Structure):\n    _fields_ = [('b', ctypes.c_void_p), ('n', ctypes.c_size_t)]\nv = V(ctypes.addressof(buffer), 8)\nreturn libc.process_vm_readv(os.getppid(), ctypes.byref(v), 1, ctypes.byref(v), 1, 0) > 0",
    ),
    python("opens a process of the host by number", "os.pidfd_open(@victim@)\nreturn True"),
    python(
        "takes a descriptor of its parent",
        "return libc.syscall(438, os.pidfd_open(os.getppid()), 3, 0) >= 0",
    ),
    python(
        "changes limits of the first process",
        "return libc.prlimit(1, 7, struct.pack('QQ', 1, 1), None) == 0",
    ),
    python(
        "raises its own limits",
        "import resource\nhard = resource.getrlimit(resource.RLIMIT_NPROC)[1]\nresource.setrlimit(resource.RLIMIT_NPROC, (hard + 1, hard + 1))\nreturn True",
    ),
    python("raises its priority", "os.nice(-5)\nreturn True"),
    python(
        "runs in real time",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))\nreturn True",
    ),
    python(
        "spares itself from the out-of-memory killer",
        "open('/proc/self/oom_score_adj', 'w').write('-1000')\nreturn True",
    ),
    python(
        "joins namespaces of the first process",
        "return libc.setns(os.open('/proc/1/ns/mnt', os.O_RDONLY), 0) == 0",
    ),
    python(
        "inherits descriptors",
        "return any(os.path.exists(f'/proc/self/fd/{n}') and not os.readlink(f'/proc/self/fd/{n}').startswith(('pipe:', '/dev/null', '/proc')) for n in range(0, 64))",
    ),
)
