"""Commands that try to reach the network or the host's sockets."""

from refinegraph.tools.workspace.conformance.cases import python, shell

_SEND = "socket.SOCK_DGRAM).sendto(b'x', "

CASES = (
    python(
        "TCP to the host's loopback",
        "socket.create_connection(('127.0.0.1', @port@), 2)\nreturn True",
    ),
    python(
        "UDP to the host's loopback",
        f"socket.socket(socket.AF_INET, {_SEND}('127.0.0.1', @datagram_port@))",
    ),
    python(
        "TCP to all of this host's addresses",
        "for address in ('127.0.0.1', '0.0.0.0', '127.1.2.3'):\n    try: socket.create_connection((address, @port@), 1); return True\n    except OSError: pass",
    ),
    python("TCP to the internet", "socket.create_connection(('1.1.1.1', 80), 2)\nreturn True"),
    python(
        "UDP to the internet", f"socket.socket(socket.AF_INET, {_SEND}('8.8.8.8', 53))\nreturn True"
    ),
    python("names", "socket.getaddrinfo('example.org', 80)\nreturn True"),
    python("IPv6", "socket.create_connection(('2606:4700:4700::1111', 80), 2)\nreturn True"),
    python(
        "the cloud's metadata", "socket.create_connection(('169.254.169.254', 80), 2)\nreturn True"
    ),
    python(
        "socket with a path",
        "s = socket.socket(socket.AF_UNIX)\ns.connect('@socket_file@')\nreturn True",
    ),
    python(
        "datagram to a path",
        f"socket.socket(socket.AF_UNIX, {_SEND}'@datagram_file@')\nreturn True",
    ),
    python(
        "abstract socket",
        "s = socket.socket(socket.AF_UNIX)\ns.connect('\\0@abstract@')\nreturn True",
    ),
    python(
        "abstract datagram",
        f"socket.socket(socket.AF_UNIX, {_SEND}'\\0@abstract@-datagrams')\nreturn True",
    ),
    python("raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)\nreturn True"),
    python("packets", "socket.socket(17, socket.SOCK_RAW, 3)\nreturn True"),
    python("virtual machine's sockets", "socket.socket(40, socket.SOCK_STREAM)\nreturn True"),
    python("cryptography of the kernel", "socket.socket(38, socket.SOCK_SEQPACKET)\nreturn True"),
    python("bluetooth", "socket.socket(31, socket.SOCK_STREAM)\nreturn True"),
    python("netlink of the audit", "socket.socket(16, socket.SOCK_RAW, 9)\nreturn True"),
    python("netlink of connectors", "socket.socket(16, socket.SOCK_RAW, 11)\nreturn True"),
    python("netlink of the firewall", "socket.socket(16, socket.SOCK_RAW, 12)\nreturn True"),
    python(
        "multipath TCP",
        "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)\ns.settimeout(2)\ns.connect(('127.0.0.1', @port@))\nreturn True",
    ),
    python(
        "changes its interfaces",
        "import fcntl\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfcntl.ioctl(s, 0x8914, struct.pack('16sH14x', b'lo', 0))\nreturn True",
    ),
    python(
        "sees the host's interfaces", "return [name for _, name in socket.if_nameindex()] != ['lo']"
    ),
    python("sees the host's connections", "return len(open('/proc/net/tcp').readlines()) > 1"),
    python("a server for the host", "s = socket.create_server(('0.0.0.0', 0)); time.sleep(0.1)"),
    shell("curl", "curl -s -m 2 http://1.1.1.1 && got"),
    shell("wget", "wget -q -T 2 -t 1 http://1.1.1.1 && got"),
    shell("ping", "ping -c 1 -W 1 1.1.1.1 && got"),
    shell("git fetches", "git fetch https://github.com/git/git && got"),
    shell(
        "pip installs",
        "python3 -m pip download --no-deps --retries 0 --timeout 1 six && got",
    ),
    shell("bash opens a connection", "bash -c 'echo x > /dev/tcp/127.0.0.1/@port@' && got"),
)
