"""Programs that access the files and the networks of the host."""

from refinegraph.tools.sandbox.conformance.cases import attack
from refinegraph.tools.sandbox.policy import Layer

_FILES: tuple[Layer, ...] = ("private_root", "private_folder", "landlock")
_NETWORK: tuple[Layer, ...] = (*_FILES, "namespaces", "pid_namespace", "seccomp")
_AS_ROOT: tuple[Layer, ...] = (*_FILES, "seccomp", "unprivileged_user", "no_capabilities")

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
        """
        import os
        for place in ('', '@folder@/'):
            try: os.symlink('@secret_file@', place + 'link')
            except OSError: continue
            return 'SECRET' in open(place + 'link').read()
        return False
        """,
        control=_FILES,
    ),
    attack(
        "reads a secret file from above",
        "return 'SECRET' in open('../' * 20 + '@secret_file@').read()",
        control=_FILES,
    ),
    attack("lists the host's root", "import os\nreturn 'proc' in os.listdir('/')", control=_FILES),
    attack(
        "lists the home of root",
        """
        import os, sys
        own = (sys.prefix, sys.base_prefix, sys.exec_prefix)
        return any(
            not any(each.startswith('/root/' + name) for each in own)
            for name in os.listdir('/root')
        )
        """,
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack("reads keys", "import os\nreturn bool(os.listdir(os.path.expanduser('~/.ssh')))"),
    attack(
        "finds a secret in its environment",
        "import os\nreturn any('SECRET' in value for value in os.environ.values())",
        expected=("failed",),
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
        "learns what the host is called",
        "import os\nreturn os.uname().nodename == '@host_name@' != 'sandbox'",
        control=("namespaces",),
        needs=("namespaces",),
        expected=("failed",),
    ),
    attack(
        "learns where the package is installed",
        """
        import sys
        main = sys.modules['__main__']
        names = [*sys.argv, *sys.orig_argv, sys.executable, getattr(main, '__file__', '')]
        names += [getattr(each, '__file__', '') for each in sys.modules.values()]
        return any('@package@' in str(each) for each in names)
        """,
        expected=("failed",),
    ),
    attack(
        "asks whether a file of the host exists",
        "import os\nreturn os.stat('@secret_file@').st_size > 0",
        control=("private_root", "private_folder"),
        needs=("private_root",),
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
        """
        import os
        for place in ('', '@folder@/'):
            try: os.symlink('@canary@', place + 'link')
            except OSError: continue
            open(place + 'link', 'w').write('x')
        return False
        """,
        control=_FILES,
        expected=("error", "failed"),
    ),
    attack(
        "writes through a hard link",
        "import os\nos.link('@secret_file@', '@folder@/link')\nreturn True",
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack(
        "writes from above",
        "open('../' * 20 + '@canary@', 'w').write('x')\nreturn True",
        control=_FILES,
    ),
    attack(
        "removes a file of the host",
        "import os\nos.unlink('@secret_file@')\nreturn True",
        control=_FILES,
    ),
    attack(
        "changes a file's mode",
        "import os\nos.chmod('@secret_file@', 0o777)\nreturn True",
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack(
        "changes a file's owner",
        "import os\nos.chown('@secret_file@', 1, 1)\nreturn True",
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack(
        "empties a file of the host",
        "import os\nos.truncate('@secret_file@', 0)\nreturn True",
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack(
        "renames a file of the host",
        "import os\nos.rename('@secret_file@', '@folder@/other')\nreturn True",
        control=_FILES,
    ),
    attack(
        "makes a folder on the host",
        "import os\nos.mkdir('@folder@/made')\nreturn True",
        control=_FILES,
    ),
    attack(
        "makes a pipe on the host",
        "import os\nos.mkfifo('@folder@/made')\nreturn True",
        control=_AS_ROOT,
    ),
    attack(
        "writes a database on the host",
        """
        import sqlite3
        sqlite3.connect('@canary@').execute('create table x (y)')
        return True
        """,
        control=_AS_ROOT,
    ),
    attack(
        "changes a file's time",
        "import os\nos.utime('@secret_file@', (0, 0))\nreturn True",
        control=_AS_ROOT,
        only_as_root=True,
    ),
    attack(
        "marks a file of the host",
        "import os\nos.setxattr('@secret_file@', 'user.x', b'x')\nreturn True",
    ),
    attack(
        "locks a file of the host",
        """
        import fcntl
        fcntl.flock(open('@secret_file@'), fcntl.LOCK_EX)
        return True
        """,
        control=_FILES,
    ),
    attack(
        "locks a file that it may read",
        """
        import fcntl, os
        one, other = os.open(os.__file__, os.O_RDONLY), os.open(os.__file__, os.O_RDONLY)
        fcntl.flock(one, fcntl.LOCK_EX)
        try: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError: return True
        return False
        """,
        control=("seccomp",),
        expected=("failed", "error"),
    ),
    *(
        attack(
            f"locks a file that it may read {how}",
            f"""
            import fcntl, os, struct
            own, other = os.open(os.__file__, os.O_RDONLY), os.open(os.__file__, os.O_RDONLY)
            fcntl.fcntl(own, {command}, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0))
            asked = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
            found, *_ = struct.unpack('hhqqi4x', fcntl.fcntl(other, 36, asked))
            return found != fcntl.F_UNLCK
            """,
            control=("seccomp",),
            expected=("failed", "error"),
        )
        for how, command in (("as a process", 6), ("through a descriptor", 37))
    ),
    attack(
        "leases a file that it may read",
        """
        import fcntl, os
        fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, fcntl.F_RDLCK)
        return True
        """,
        control=("seccomp", "unprivileged_user", "no_capabilities"),
        only_as_root=True,
    ),
    attack(
        "is told of changes in a folder that it may read",
        """
        import fcntl, os
        fcntl.fcntl(os.open(os.path.dirname(os.__file__), os.O_RDONLY), 1026, 2)
        return True
        """,
        control=("seccomp",),
    ),
    *(
        attack(
            f"sets the times of /dev/{device}",
            f"""
            import os
            before = os.stat('/dev/{device}').st_mtime_ns
            os.utime('/dev/{device}')
            return os.stat('/dev/{device}').st_mtime_ns != before
            """,
            control=("private_root", "private_folder", "landlock", "seccomp"),
        )
        for device in ("full", "urandom")
    ),
    attack(
        "watches a file of the host",
        """
        import ctypes
        libc = ctypes.CDLL(None)
        return libc.inotify_add_watch(libc.inotify_init(), b'@secret_file@', 2) > 0
        """,
        control=(*_FILES, "seccomp"),
        expected=("failed",),
    ),
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
        control=("seccomp", "landlock", "unprivileged_user", "no_capabilities"),
        only_as_root=True,
    ),
    attack(
        "makes a program that runs as its owner",
        """
        import os
        for place in ('', '@folder@/'):
            try:
                with open(place + 'x', 'w') as script: script.write('#!/bin/sh\\nexit 0')
                os.chmod(place + 'x', 0o4755)
            except OSError: continue
            made = os.posix_spawn(os.path.abspath(place + 'x'), ['x'], {})
            return os.waitpid(made, 0)[1] == 0
        return False
        """,
        control=_AS_ROOT,
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
    *(
        attack(
            f"sends a datagram to {what} through a pair of its own",
            f"""
            import socket
            line, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            line.{send}
            return True
            """,
            control=_NETWORK,
        )
        for what, send in (
            ("a socket in a folder", "sendto(b'x', '@datagram_file@')"),
            ("an abstract socket", "sendto(b'x', '\\0@abstract@-datagrams')"),
            ("a socket as a message", "sendmsg([b'x'], [], 0, '@datagram_file@')"),
        )
    ),
    *(
        attack(
            f"opens a pair of {name} sockets",
            f"import socket\nreturn bool(socket.socketpair(1, {kind}))",
            control=("seccomp",),
        )
        for name, kind in (
            ("datagram", "socket.SOCK_DGRAM"),
            ("closing datagram", "socket.SOCK_DGRAM | socket.SOCK_CLOEXEC"),
            ("packet", "socket.SOCK_SEQPACKET"),
        )
    ),
    attack(
        "asks for a name",
        "import socket\nreturn bool(socket.getaddrinfo('localhost', 80))",
        control=(*_NETWORK, "unprivileged_user", "no_capabilities"),
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
    attack(
        "listens",
        "import socket\nreturn bool(socket.create_server(('', 0)))",
        control=("seccomp", "landlock"),
    ),
    attack(
        "listens at an abstract address",
        "import socket\nsocket.socket(1).bind('\\0@abstract@2')\nreturn True",
        control=("seccomp",),
    ),
    *(
        attack(
            f"opens a {name} socket",
            f"import socket\nreturn socket.socket({family}, {kind}, {protocol}).fileno() >= 0",
            control=("seccomp",),
        )
        for name, family, kind, protocol in (
            ("local", 1, 1, 0),
            ("stream", 2, 1, 0),
            ("datagram", 2, 2, 0),
            ("version 6", 10, 1, 0),
            ("netlink", 16, 3, 0),
            ("audit", 16, 3, 9),
            ("virtual machine", 40, 1, 0),
            ("multipath", 2, 1, 262),
        )
    ),
    *(
        attack(
            f"opens a {name} socket",
            f"import socket\nreturn socket.socket({family}, {kind}, {protocol}).fileno() >= 0",
            control=("seccomp", "unprivileged_user", "no_capabilities"),
            only_as_root=True,
        )
        for name, family, kind, protocol in (("raw", 2, 3, 1), ("packet", 17, 3, 0))
    ),
    *(
        attack(
            f"opens a {name} socket",
            f"import socket\nreturn socket.socket({family}, {kind}, {protocol}).fileno() >= 0",
        )
        for name, family, kind, protocol in (
            ("cipher", 38, 5, 0),
            ("bluetooth", 31, 3, 1),
            ("automobile", 29, 3, 1),
            ("express data", 44, 3, 0),
            ("telephone", 35, 2, 0),
        )
    ),
)

CASES = (*READING, *WRITING, *TALKING)
