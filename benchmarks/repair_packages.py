"""Packages from the registry that carry their tests."""

import shlex
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A package, and how its tests are run."""

    name: str
    version: str
    tests: str = ""
    """The files of the tests; all that pytest finds if empty."""
    license: str = "MIT"

    @property
    def command(self) -> str:
        """The test command, in the interpreter of the benchmark."""
        variables = "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONPATH=src:."
        return f"env {variables} {sys.executable} -m pytest -q -o addopts= {self.tests}".strip()


PACKAGES = (
    Package("toolz", "1.2.0", license="BSD-3-Clause"),
    Package("inflection", "0.5.1"),
    Package("parse", "1.22.4"),
    Package("semver", "3.1.1", license="BSD-3-Clause"),
    Package("xmltodict", "1.0.4"),
    Package("cachetools", "8.0.1"),
    Package(
        "humanize", "4.17.0", "tests/test_filesize.py tests/test_lists.py tests/test_number.py"
    ),
    Package("deepmerge", "4.0.0"),
    Package(
        "boltons",
        "26.2.0",
        " ".join(
            f"tests/test_{name}.py"
            for name in (
                *("dictutils", "funcutils", "iterutils", "jsonutils", "listutils", "mathutils"),
                *("setutils", "statsutils", "strutils", "timeutils", "urlutils"),
            )
        ),
        license="BSD-3-Clause",
    ),
)
"""Pure Python, with suites that end within seconds."""


def download(package: Package, folder: Path) -> Path:
    """Return the folder of a package's sources, downloaded once."""
    place = folder / "packages" / package.name
    if place.is_dir():
        return place
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    stem = package.name.replace("-", "_")
    archive = archives / f"{stem}-{package.version}.tar.gz"
    if not archive.exists():
        wanted = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary"]
        subprocess.run([*command, ":all:", "-d", str(archives), wanted], check=True)
    with tarfile.open(archive) as content:
        content.extractall(archives, filter="data")
    place.parent.mkdir(parents=True, exist_ok=True)
    (archives / f"{stem}-{package.version}").rename(place)
    compile_once(package, place)
    return place


def compile_once(package: Package, place: Path) -> None:
    """Run the tests once, so that later runs find compiled files, as in a checkout in use."""
    words = [*shlex.split(package.command), "-p", "no:cacheprovider"]
    command = ["env", "-u", "PYTHONDONTWRITEBYTECODE", *words]
    subprocess.run(command, cwd=place, check=False, capture_output=True, timeout=120)
