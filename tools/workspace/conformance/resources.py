"""Commands that exhaust a resource."""

from refinegraph.tools.workspace.conformance.cases import python, shell

CASES = (
    shell("fills the tree", "head -c 999999999 /dev/zero > big", limit="disk", alone=True),
    shell("fills /tmp", "head -c 999999999 /dev/zero > /tmp/big", limit="disk", alone=True),
    shell("fills the home folder", "head -c 999999999 /dev/zero > ~/big", limit="disk", alone=True),
    shell(
        "fills shared memory",
        "head -c 999999999 /dev/zero > /dev/shm/big",
        limit="disk",
        alone=True,
    ),
    shell(
        "fills with many files",
        "i=0; while : > f$i; do i=$((i+1)); done",
        limit="disk",
        alone=True,
        seconds=60,
    ),
    python(
        "fills with folders",
        "n = 0\nwhile True:\n    os.mkdir(f'd{n}'); n += 1",
        limit="disk",
        alone=True,
        seconds=60,
    ),
    python(
        "fills with links",
        "n = 0\nwhile True:\n    os.symlink('x' * 200, f'l{n}'); n += 1",
        limit="disk",
        alone=True,
        seconds=60,
    ),
    python(
        "a deleted file that stays open",
        "file = open('gone', 'wb'); os.unlink('gone')\nwhile True: file.write(b'x' * 65536)",
        alone=True,
    ),
    python(
        "a sparse file",
        "os.truncate(os.open('sparse', os.O_CREAT | os.O_RDWR), 1 << 50)\nreturn True",
    ),
    python("memory", "parts = []\nwhile True: parts.append(bytearray(1 << 20))", limit="memory"),
    python(
        "memory of many processes",
        "for _ in range(8):\n    if os.fork() == 0: break\nparts = []\nwhile len(parts) < 60: parts.append(bytearray(b'x' * (1 << 20)))\ntime.sleep(60)",
        limit="memory",
    ),
    python(
        "shared memory without a name",
        "import mmap\nparts = []\nwhile True:\n    part = mmap.mmap(-1, 1 << 20); part.write(b'x' * (1 << 20)); parts.append(part)",
        limit="memory",
    ),
    python("descriptors", "held = []\nwhile True: held.append(os.open('/dev/null', os.O_RDONLY))"),
    python(
        "pipes full of data",
        "held = []\nwhile len(held) < 4000:\n    r, w = os.pipe(); os.set_blocking(w, False); os.write(w, b'x' * 65536); held.append((r, w))",
    ),
    python(
        "locks",
        "import fcntl\nfile = open('data.bin', 'rb')\nfcntl.flock(file, fcntl.LOCK_EX)\ntime.sleep(0.1)",
    ),
    python("a core file", "os.abort()"),
    python("a crash", "ctypes.string_at(0)"),
    python("processor time", "while True: pass", limit="timeout", seconds=0.7),
    shell("prints without end", "yes", limit="output"),
    shell("prints errors without end", "yes >&2", limit="output"),
    python(
        "prints bytes that are no text",
        "os.write(1, bytes(range(256)) * 64); os.write(1, b'\\x1b]0;title\\x07\\x1b[2J')",
    ),
    shell("closes its output and stays", "exec >&- 2>&-; sleep 600", limit="timeout", seconds=0.5),
    shell("reads its input", "read line && got"),
)
