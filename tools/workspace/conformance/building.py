"""Code hidden in a checkout: hooks, startup files, and programs with the names of others."""

from refinegraph.tools.workspace.conformance.cases import python, shell

_MARK = "echo x > @canary@"

CASES = (
    shell(
        "hook of a commit",
        f"git config core.hooksPath .; printf '#!/bin/sh\\n{_MARK}\\n' > pre-commit; chmod +x pre-commit; git commit -qam x",
    ),
    shell(
        "hook by a setting in the environment",
        f"printf '#!/bin/sh\\n{_MARK}\\n' > post-checkout; chmod +x post-checkout; git -c core.hooksPath=$PWD checkout -q -b other",
    ),
    shell(
        "file system monitor",
        f"printf '#!/bin/sh\\n{_MARK}\\n' > mon; chmod +x mon; git -c core.fsmonitor=$PWD/mon status",
    ),
    shell(
        "textconv",
        f"echo '*.bin diff=x' > .gitattributes; git -c diff.x.textconv='{_MARK};cat' diff",
    ),
    shell(
        "clean filter",
        f"echo '*.bin filter=x' > .gitattributes; echo z > data.bin; git -c filter.x.clean='{_MARK};cat' diff",
    ),
    shell("pager and editor", f"GIT_EDITOR='{_MARK}' GIT_PAGER='{_MARK}' git commit --allow-empty"),
    shell("alias", f"git -c alias.x='!{_MARK}' x"),
    shell("submodule", "git submodule add /etc etc && got"),
    shell(
        "attributes of the tree as settings",
        "mkdir -p sub/.git; printf '[core]\\nworktree=/\\n' > sub/.git/config; git -C sub status && true",
    ),
    shell(
        "conftest",
        f"mkdir -p t; echo 'import os; os.system(\"{_MARK}\")' > t/conftest.py; python3 t/conftest.py",
    ),
    shell(
        "sitecustomize",
        f"echo 'import os; os.system(\"{_MARK}\")' > sitecustomize.py; PYTHONPATH=. python3 -c pass",
    ),
    shell(
        "usercustomize",
        f"d=$(python3 -m site --user-site); mkdir -p $d; echo 'import os; os.system(\"{_MARK}\")' > $d/usercustomize.py; python3 -c pass",
    ),
    shell(
        "path file",
        f"d=$(python3 -m site --user-site); mkdir -p $d; echo 'import os; os.system(\"{_MARK}\")' > $d/x.pth; python3 -c pass",
    ),
    shell(
        "program named like another",
        f"mkdir -p bin; printf '#!/bin/sh\\n{_MARK}\\n' > bin/git; chmod +x bin/git; PATH=$PWD/bin:$PATH git status",
    ),
    shell(
        "program in the host's path",
        f"printf '#!/bin/sh\\n{_MARK}\\n' > /usr/local/bin/python3 && got",
    ),
    shell("make", f"printf 'all:\\n\\t{_MARK}\\n' > Makefile; make"),
    shell(
        "script of a package",
        f'printf \'{{"scripts": {{"test": "{_MARK}"}}}}\' > package.json; npm test',
    ),
    shell(
        "build script",
        f"printf 'import os\\nos.system(\"{_MARK}\")\\n' > setup.py; python3 setup.py",
    ),
    shell(
        "library that is loaded first",
        "LD_PRELOAD=/tmp/x.so /usr/bin/env true; cp /usr/bin/env tool; LD_PRELOAD=./x.so ./tool true",
    ),
    shell("core pattern", "ulimit -c unlimited && got; kill -SEGV $$"),
    shell("crontab", "echo '* * * * * touch @canary@' | crontab - && got"),
    shell("at", "echo 'touch @canary@' | at now && got"),
    shell(
        "systemd", "systemd-run --user touch @canary@ && got; systemctl --user list-units && got"
    ),
    shell(
        "message bus",
        "dbus-send --session --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames && got",
    ),
    shell(
        "screen and tmux",
        "tmux new-session -d 'sleep 600' 2>/dev/null; screen -dm sleep 600 2>/dev/null; true",
    ),
    shell("ssh agent", "ssh-agent sleep 600 >/dev/null 2>&1 & true"),
    shell("docker", "docker run --rm -v /:/host alpine touch /host@canary@ && got"),
    python(
        "shows what was hidden under its mounts",
        "return any(libc.umount2(p, 2) == 0 for p in (b'/proc', b'/tmp', b'.git', b'/dev/shm', b'/'))",
    ),
    python(
        "the launcher's line",
        "for number in range(3, 300):\n    try: os.write(number, b'\\x00' * 8); return True\n    except OSError: pass",
    ),
)
