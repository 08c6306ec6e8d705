"""Programs that reach for the files, the processes and the networks of the host."""

from refinegraph.tools.sandbox.conformance.cases import attack
from refinegraph.tools.sandbox.policy import Layer

_FILES: tuple[Layer, ...] = ("private_root", "private_folder", "landlock")
_NETWORK: tuple[Layer, ...] = (*_FILES, "namespaces", "pid_namespace", "seccomp")
_SIGNALS: tuple[Layer, ...] = (*_NETWORK, "unprivileged_user", "no_capabilities")

READING = (
    attack(
        "reads the users of the host", "return 'root' in open('/etc/passwd').read()", control=_FILES
    ),
    attack(
        "reads a secret file of the host",
        "return 'SECRET' in open('@secret_file@').read()",
        control=_FILES,
    ),
    attack(
        "reads a secret file through a link of its own",
        "import os\nos.symlink('@secret_file@', 'link')\nreturn 'SECRET' in open('link').read()",
    ),
    attack(
        "reads a secret file from above",
        "return 'SECRET' in open('../' * 20 + '@secret_file@').read()",
    ),
    attack("lists the host's root", "import os\nreturn 'proc' in os.listdir('/')", control=_FILES),
    attack(
        "lists the home of root",
        "import os\nreturn bool({'.bashrc', '.profile', '.ssh'} & {*os.listdir('/root')})",
    ),
    attack("reads keys", "import os\nreturn bool(os.listdir(os.path.expanduser('~/.ssh')))"),
    attack(
        "finds a secret in its environment",
        "import os\nreturn any('SECRET' in value for value in os.environ.values())",
        expected=("failed",),
    ),
    attack(
        "finds a secret in another's environment",
        """
        import os
        for number in os.listdir('/proc'):
            if number.isdigit():
                try:
                    if b'SECRET' in open(f'/proc/{number}/environ', 'rb').read(): return True
                except OSError: pass
        return False
        """,
        expected=("error", "failed"),
    ),
    attack(
        "reads the memory of what runs it",
        "import os\nreturn bool(open(f'/proc/{os.getppid()}/mem', 'rb').read(1))",
        expected=("error",),
    ),
    attack(
        "looks at its own mounts", "return len(open('/proc/self/maps').read()) > 0", control=_FILES
    ),
    attack(
        "reads a disk",
        """
        import os
        names = [each for each in os.listdir('/dev') if each.startswith(('sd', 'vd', 'nvme'))]
        return bool(open('/dev/' + names[0], 'rb').read(1))
        """,
    ),
    attack(
        "finds a descriptor of the host",
        """
        import os, stat
        for number in range(4, 1024):
            try: os.fstat(number)
            except OSError: continue
            return True
        return False
        """,
        expected=("failed",),
    ),
    attack(
        "types at the terminal",
        "import fcntl\nfcntl.ioctl(open('/dev/tty'), 0x5412, b'x')\nreturn True",
    ),
)

WRITING = (
    attack(
        "writes beside the host's files",
        "open('@canary@', 'w').write('x')\nreturn True",
        control=_FILES,
    ),
    attack(
        "writes through a symbolic link",
        "import os\nos.symlink('@canary@', 'link')\nopen('link', 'w').write('x')\nreturn True",
        expected=("error", "failed"),
    ),
    attack(
        "writes through a hard link",
        "import os\nos.link('@secret_file@', 'link')\nopen('link', 'a').write('x')\nreturn True",
    ),
    attack(
        "writes from above",
        "open('../' * 20 + '@canary@', 'w').write('x')\nreturn True",
    ),
    attack("removes a file of the host", "import os\nos.unlink('@secret_file@')\nreturn True"),
    attack("changes a file's mode", "import os\nos.chmod('@secret_file@', 0o777)\nreturn True"),
    attack(
        "writes into the standard library",
        """
        import os
        path = os.path.join(os.path.dirname(os.__file__), 'refinegraph_was_here.py')
        open(path, 'w').write('')
        return True
        """,
    ),
    attack(
        "writes a file that Python starts with",
        """
        import sysconfig
        open(sysconfig.get_path('purelib') + '/refinegraph_was_here.pth', 'w').write('')
        return True
        """,
    ),
    attack("writes in the root", "open('/refinegraph-was-here', 'w')\nreturn True"),
    attack("writes in the device folder", "open('/dev/refinegraph', 'w')\nreturn True"),
    attack(
        "makes a device",
        "import os, stat\nos.mknod('disk', stat.S_IFBLK | 0o666, os.makedev(8, 0))\nreturn True",
    ),
    attack(
        "makes a program that runs as its owner",
        """
        import os
        open('x', 'w').close()
        os.chmod('x', 0o4755)
        os.execv('./x', ['x'])
        return True
        """,
        expected=("error",),
    ),
)

TALKING = (
    attack(
        "connects to a server of the host",
        "import socket\nsocket.socket().connect(('127.0.0.1', @port@))\nreturn True",
        control=_NETWORK,
    ),
    attack(
        "sends a datagram",
        """
        import socket
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        line.sendto(b'x', ('127.0.0.1', @datagram_port@))
        return True
        """,
        control=_NETWORK,
    ),
    attack(
        "asks for a name",
        "import socket\nreturn bool(socket.getaddrinfo('localhost', 80))",
        expected=("error",),
    ),
    attack(
        "connects to an abstract socket",
        """
        import socket
        line = socket.socket(socket.AF_UNIX)
        line.connect('\\0@abstract@')
        return True
        """,
        control=_NETWORK,
    ),
    attack(
        "connects to a socket in a folder",
        """
        import socket
        line = socket.socket(socket.AF_UNIX)
        line.connect('@socket_file@')
        return True
        """,
        control=_NETWORK,
    ),
    attack("listens", "import socket\nreturn bool(socket.create_server(('', 0)))"),
    *(
        attack(
            f"opens a socket of family {family} and kind {kind}",
            f"import socket\nreturn socket.socket({family}, {kind}).fileno() >= 0",
            control=_NETWORK if (family, kind) in ((1, 1), (2, 1)) else (),
        )
        for family, kind in ((1, 1), (2, 1), (2, 3), (10, 1), (16, 3), (17, 3), (38, 5), (40, 1))
    ),
    attack(
        "opens a multipath socket",
        "import socket\nreturn socket.socket(2, 1, 262).fileno() >= 0",
    ),
)

SIGNALLING = (
    attack(
        "kills what runs it",
        """
        import os, signal, time
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.5)
        return False
        """,
        control=_SIGNALS,
    ),
    attack(
        "kills everything",
        "import os, signal\nos.kill(-1, signal.SIGKILL)\nreturn False",
    ),
    attack(
        "signals the first process",
        "import os\nos.kill(1, 9)\nos.kill(1, 15)\nos.kill(1, 19)\nreturn False",
        expected=("error", "failed"),
    ),
    attack(
        "leaves a process behind",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(2)
                open('@canary@', 'w').close()
            os._exit(0)
        return True
        """,
    ),
    attack(
        "runs a command",
        "import os\nreturn os.system('true') == 0",
        control=(*_FILES, "seccomp"),
        expected=("error", "failed"),
    ),
    attack(
        "runs a command from C",
        "import ctypes\nreturn ctypes.CDLL(None).system(b'true') == 0",
        expected=("error", "failed"),
    ),
    attack(
        "runs a program",
        """
        import os
        return os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1] == 0
        """,
        control=(*_FILES, "seccomp"),
    ),
    attack(
        "becomes another program",
        "import os\nos.execv('/usr/bin/su', ['su', '-c', 'true'])\nreturn True",
    ),
    attack(
        "runs a program from memory",
        "import os\nos.execve(os.memfd_create('x'), ['x'], {})\nreturn True",
    ),
)

CASES = (*READING, *WRITING, *TALKING, *SIGNALLING)
