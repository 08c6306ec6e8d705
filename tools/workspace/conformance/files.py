"""Commands that write outside the tree, and commands that read private files."""

from refinegraph.tools.workspace.conformance.cases import python, shell

WRITING = (
    shell("writes by an absolute path", "echo x > @canary@ && got"),
    shell("writes with dots", "echo x > ../../../../../../../@canary@ && got"),
    shell("writes the checkout by its real path", "echo x > @checkout@/marked-by-a-command"),
    shell("overwrites a file of the checkout by its real path", "echo x > @checkout@/data.bin"),
    shell(
        "deletes the checkout", "rm -rf @checkout@/* @checkout@/.g* 2>/dev/null; true", alone=True
    ),
    shell("renames the checkout", "mv @checkout@ @checkout@.moved && got"),
    shell(
        "replaces a file by a link out of the tree", "ln -sf @canary@ data.bin && echo x > data.bin"
    ),
    shell(
        "writes through a link to a folder",
        "ln -s /var/tmp out && echo x > out/refinegraph-canary && test -e /var/tmp/refinegraph-canary && got",
    ),
    shell("hard link out of the tree", "ln @secret_file@ inside && got"),
    shell("hard link to a system file", "ln /usr/bin/env inside-env && got"),
    shell("hard link from the tree out", "ln data.bin /var/tmp/refinegraph-linked && got"),
    shell("changes a system file's mode", "chmod 777 /usr/bin/env && got"),
    shell("changes the checkout's mode", "chmod -R 777 . ; chmod 000 src"),
    shell("changes times", "touch -d '2001-01-01' src data.bin"),
    shell("changes owners", "chown 0:0 data.bin && got"),
    shell("writes /etc", "echo x > /etc/refinegraph-canary"),
    shell("writes /usr", "echo x > /usr/refinegraph-canary && got"),
    shell(
        "writes the interpreter's library",
        "echo x > $(python3 -c 'import os; print(os.__file__)') && got",
    ),
    shell(
        "writes /root and other homes",
        "echo x > /root/../home/x; echo x > /home/x; test -e /home/x && got",
    ),
    shell(
        "writes a start file of the shell",
        "echo 'touch @canary@' >> $HOME/.bashrc; echo 'touch @canary@' > $HOME/.profile",
    ),
    shell("writes /dev", "echo x > /dev/refinegraph-canary && got"),
    shell("writes the kernel's settings", "echo x > /proc/sys/kernel/core_pattern && got"),
    shell("writes the host's name", "echo x > /proc/sys/kernel/hostname && got"),
    shell("asks for a system request", "echo b > /proc/sysrq-trigger && got"),
    shell("drops caches", "echo 3 > /proc/sys/vm/drop_caches && got"),
    shell("writes its own control group", "echo 1 > /sys/fs/cgroup/memory/tasks && got"),
    python(
        "writes a device of a disk",
        "os.mknod('disk', 0o60666, os.makedev(254, 0))\nopen('disk', 'rb').read(1)\nreturn True",
    ),
    python("makes a device of memory", "os.mknod('mem', 0o20666, os.makedev(1, 1))\nreturn True"),
    python(
        "writes through a descriptor of a folder outside",
        "number = os.open('/', os.O_RDONLY)\nos.open('refinegraph-canary', os.O_CREAT | os.O_WRONLY, dir_fd=number)\nreturn True",
    ),
    python(
        "goes up from an opened folder",
        "number = os.open('.', os.O_RDONLY)\nfor _ in range(40): number = os.open('..', os.O_RDONLY, dir_fd=number)\nos.stat('var/tmp', dir_fd=number)\nreturn os.path.exists('@secret_file@')",
    ),
    python("leaves its root", "os.mkdir('jail')\nos.chroot('jail')\nreturn True"),
    python("truncates a system file", "os.truncate('/usr/bin/env', 0)\nreturn True"),
    python(
        "sets an attribute of a system file",
        "os.setxattr('/usr/bin/env', 'user.x', b'1')\nreturn True",
    ),
    python(
        "sets a capability on a file",
        "open('tool', 'w').close()\nos.setxattr('tool', 'security.capability', bytes.fromhex('0100000280000000000000000000000000000000'))\nreturn True",
    ),
    python(
        "writes the read-only repository",
        "open('.git/refinegraph-canary', 'w').close()\nreturn True",
    ),
    python("moves the repository away", "os.rename('.git', '.old')\nreturn True"),
    python("removes the index", "os.unlink('.git/index')\nreturn True"),
    python("writes a hook", "open('.git/hooks/post-checkout', 'w').close()\nreturn True"),
    python(
        "writes the repository's settings",
        "open('.git/config', 'a').write('[core]\\nfsmonitor = touch @canary@')\nreturn True",
    ),
    python(
        "rewrites the repository by rename",
        "open('new', 'w').close()\nos.rename('new', '.git/HEAD')\nreturn True",
    ),
    python(
        "mounts over the repository", "return libc.mount(b'none', b'.git', b'tmpfs', 0, None) == 0"
    ),
    python(
        "maps a system file to write",
        "import mmap\nfile = open('/usr/bin/env', 'r+b')\nreturn True",
    ),
    python("leaves a named pipe that blocks readers", "os.mkfifo('blocking.py')"),
    python(
        "leaves a file that cannot be read",
        "open('locked.py', 'w').close()\nos.chmod('locked.py', 0)",
    ),
    python(
        "leaves deep folders", "for _ in range(300):\n    os.mkdir('d'); os.chdir('d')", alone=True
    ),
    python(
        "leaves odd names",
        "open('a\\nb', 'w').close(); open('\\udcff', 'w').close(); open('-rf', 'w').close()",
        alone=True,
    ),
    python(
        "leaves a circle of links",
        "os.symlink('b', 'a'); os.symlink('a', 'b'); os.symlink('.', 'here')",
        alone=True,
    ),
)

READING = (
    shell("reads a secret", "cat @secret_file@"),
    shell("reads a secret through a link", "ln -s @secret_file@ s && cat s"),
    shell("reads a secret through /proc/self/root", "cat /proc/self/root@secret_file@"),
    shell(
        "reads a secret through /proc/self/cwd", "cat /proc/self/cwd/../../../../..@secret_file@"
    ),
    shell("lists temporary files", "ls /tmp /var/tmp | grep -q refinegraph-conformance && got"),
    shell("reads the shadow file", "cat /etc/shadow && got"),
    shell("reads the host's users", "grep -v '^user\\|^nobody' /etc/passwd && got"),
    shell(
        "reads keys", "cat ~/.ssh/id_rsa ~/.ssh/id_ed25519 ~/.ssh/known_hosts ~/.ssh/config && got"
    ),
    shell(
        "lists the home folder",
        "ls -A ~ | grep -v '^\\.\\(pyenv\\|rustup\\|cargo\\|m2\\|npm\\|local\\|nvm\\|gradle\\)$' | grep -v '^go$' | grep -q . && got",
    ),
    shell(
        "reads credentials",
        "cat ~/.aws/credentials ~/.netrc ~/.pypirc ~/.docker/config.json ~/.config/gh/hosts.yml && got",
    ),
    shell(
        "reads credentials of toolchains",
        "cat ~/.cargo/credentials.toml ~/.m2/settings.xml ~/.npmrc ~/.gradle/gradle.properties && got",
    ),
    shell("reads the git identity", "cat ~/.gitconfig ~/.git-credentials && got"),
    shell(
        "reads the shell's history", "cat ~/.bash_history ~/.zsh_history ~/.python_history && got"
    ),
    shell("reads the environment", "env | grep -q 'SECRET-of-the-host' && got"),
    shell(
        "reads keys in the environment",
        "env | grep -i 'api_key\\|token\\|secret\\|password' && got",
    ),
    shell("reads the kernel's log", "dmesg && got"),
    shell("reads kernel messages", "cat /dev/kmsg && got"),
    shell("reads memory", "head -c 1 /dev/mem && got; head -c 1 /proc/kcore && got"),
    shell("reads disks", "for d in /dev/vda /dev/sda /dev/nvme0n1; do head -c 1 $d && got; done"),
    shell("looks for the container's socket", "ls /var/run/docker.sock /run/docker.sock && got"),
    shell("looks for services", "ls /run /var/run | grep -q . && got"),
    shell("reads the machine's name", 'test "$(hostname)" = "@host_name@" && got'),
    shell(
        "reads the machine's number", "cat /etc/machine-id /sys/class/dmi/id/product_uuid && got"
    ),
    shell("reads other users' crontabs", "cat /var/spool/cron/crontabs/* && got"),
    shell("reads the launcher's folder", "ls /proc/1/cwd/ && got"),
    shell("reads the host's mounts", "grep -q ' /sys ' /proc/self/mountinfo && got"),
    python("reads an ignored file of keys", "return b'KEY' in open('.env', 'rb').read()"),
    python(
        "finds descriptors to folders",
        "return any(os.path.isdir(f'/proc/self/fd/{n}') for n in range(3, 64))",
    ),
    python(
        "opens a file by its handle",
        "handle = ctypes.create_string_buffer(128)\nreturn libc.open_by_handle_at(-100, handle, 0) >= 0",
    ),
    python("reads what a run before left in shared memory", "return bool(os.listdir('/dev/shm'))"),
)
