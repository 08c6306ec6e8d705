"""Print the path of a Chromium for the tests of the pages; install one where there is none.

Tried in this order: a browser on the PATH; Debian's package, where apt-get may install (as root, or
with a sudo that asks for no password); Debian's packages unpacked below .venv, without any rights.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FOLDER = Path(__file__).resolve().parent.parent / ".venv" / "browser"
START = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
libraries=$(find "$here/usr/lib" "$here/lib" -name '*.so*' -printf '%h:' 2>/dev/null)
export LD_LIBRARY_PATH="$(printf %s "$libraries" | tr : '\\n' | sort -u | tr '\\n' :)"
exec "$here/usr/lib/chromium/chromium" "$@"
"""
"""Starts a Chromium that was unpacked where no package manager put it."""


def main() -> int:
    """Print a path, or say on standard error what was tried."""
    ways: list[Callable[[], str | None]] = [on_path, installed, unpacked]
    for way in ways:
        try:
            path = way()
        except (OSError, subprocess.SubprocessError) as error:
            log(f"{way.__name__}: {error}")
            continue
        if path and works(path):
            print(path)
            return 0
        log(f"{way.__name__}: no browser")
    return 1


def on_path() -> str | None:
    """Find one that is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def installed() -> str | None:
    """Install Debian's package."""
    apt = shutil.which("apt-get")
    if not apt:
        return None
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        run([*as_root, apt, "-q", *words], env=environment)
    return on_path()


def unpacked() -> str | None:
    """Download Debian's packages and unpack them below .venv, which takes no rights."""
    start = FOLDER / "chromium-unpacked"
    if start.exists():
        return str(start)
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    for folder in ("lists/partial", "archives/partial"):
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    places = {"Dir::State::Lists": FOLDER / "lists", "Dir::Cache": FOLDER}
    options = [f"-o{name}={place}" for name, place in places.items()]
    apt = ["apt-get", "-q", *options, "-oDebug::NoLocking=1"]
    run([*apt, "update"])
    run([*apt, "install", "--yes", "--download-only", "--no-install-recommends", "chromium"])
    for package in (FOLDER / "archives").glob("*.deb"):
        run(["dpkg", "--extract", str(package), str(FOLDER)])
    start.write_text(START)
    start.chmod(0o755)
    return str(start)


def works(path: str) -> bool:
    """Return whether the browser starts and loads a page."""
    page = "data:text/html,<p>it works"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"]
    profile = FOLDER.parent / "browser-profile"
    done = subprocess.run(
        [path, *flags, f"--user-data-dir={profile}", page],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    shutil.rmtree(profile, ignore_errors=True)
    if "it works" not in done.stdout:
        log(f"{path} does not work: {done.stderr[-500:]}")
    return "it works" in done.stdout


def run(words: list[str], env: dict[str, str] | None = None) -> None:
    """Run a command; what it says goes to standard error."""
    subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=env, timeout=900, check=True
    )


def log(text: str) -> None:
    """Say something on standard error."""
    print(f"browser: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
