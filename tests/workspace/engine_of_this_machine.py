"""A `docker` command without an engine: it runs what it is asked to run as a plain process.

`install` writes the command into a folder for PATH. It understands what a tree asks of Docker, maps
the working directory through `--volume`, and refuses everything else. The folder records each call
and tells what to answer: the file `down` holds the error of an engine that does not run, and `oom`
stands for a container that ran out of memory.
"""

import json
import sys
from pathlib import Path

COMMAND = f"""#!{sys.executable} -SE
import json, os, signal, subprocess, sys
here = os.path.dirname(sys.argv[0])
action, *words = sys.argv[1:]
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")

def end(name):
    try:
        os.killpg(int(open(here + "/" + name).read()), signal.SIGKILL)
    except OSError:
        pass

if action == "version":
    if os.path.exists(here + "/down"):
        print(open(here + "/down").read(), end="")
        sys.exit(1)
    print("27.0.1")
elif action == "inspect":
    print("true" if os.path.exists(here + "/oom") else "false")
elif action in ("kill", "rm"):
    end(words[-1])
elif action == "run":
    options, volumes, environment = {{}}, {{}}, {{"PATH": os.environ["PATH"]}}
    while words[0].startswith("--"):
        name = words.pop(0)
        value = "" if name in ("--init", "--read-only") else words.pop(0)
        options[name] = value
        if name == "--volume":
            outside, inside, mode = value.split(":")
            volumes[inside] = outside
        elif name == "--env":
            environment.__setitem__(*value.split("=", 1))
    image, *command = words
    place = options["--workdir"]
    inside = max((path for path in volumes if place.startswith(path)), key=len)
    place = volumes[inside] + place[len(inside):]
    child = subprocess.Popen(command, cwd=place, env=environment, start_new_session=True)
    with open(here + "/" + options["--name"], "w") as file:
        file.write(str(child.pid))
    status = child.wait()
    sys.exit(status if status >= 0 else 128 - status)
else:
    sys.exit("docker: unknown command " + action)
"""


def install(folder: Path) -> None:
    """Write the command `docker` into an empty folder."""
    command = folder / "docker"
    command.write_text(COMMAND)
    command.chmod(0o755)


def calls_of(folder: Path, action: str) -> list[list[str]]:
    """Return the arguments of each call of an action, in order."""
    lines = (folder / "calls").read_text().splitlines()
    return [words for word, *words in map(json.loads, lines) if word == action]


def options_of(words: list[str]) -> dict[str, list[str]]:
    """Return the options of a call of `run`, with all their values."""
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            break
        value = "" if word in ("--init", "--read-only") else next(rest)
        options.setdefault(word, []).append(value)
    return options
