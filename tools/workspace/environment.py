"""The environment of a command, which inherits only the variables listed here."""

import os
from collections.abc import Mapping, Sequence

_KEPT = frozenset(
    (
        *("PATH", "LANG", "TZ", "TERM", "COLUMNS", "LINES", "SOURCE_DATE_EPOCH"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHASHSEED", "PYTHONWARNINGS"),
        *("PYENV_ROOT", "PYENV_VERSION", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS"),
        *("NODE_ENV", "NODE_PATH", "NODE_OPTIONS", "NVM_DIR", "JAVA_HOME", "MAVEN_OPTS"),
        *("GOPATH", "GOROOT", "GOFLAGS", "GOTOOLCHAIN", "CARGO_HOME", "RUSTUP_HOME"),
        *("RUSTUP_TOOLCHAIN", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LD_LIBRARY_PATH"),
    )
)
"""Variables of toolchains; none of them usually contains keys, tokens or passwords."""
_GIT = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("safe.directory", "*"),
    ("user.name", "user"),
    ("user.email", "user@localhost"),
)


def command_environment(
    home: str,
    *,
    more: Sequence[tuple[str, str]] = (),
    temporary: str = "/tmp",
    caller: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of a command, from allowed variables of the caller and `more`.

    >>> sorted(command_environment("/home/user", caller={"OPENAI_API_KEY": "x"}))[:2]
    ['CI', 'GIT_CONFIG_COUNT']
    """
    caller = os.environ if caller is None else caller
    kept = {name: value for name, value in caller.items() if name in _KEPT or _is_locale(name)}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **kept,
        "CI": "1",
        "HOME": home,
        "USER": "user",
        "LOGNAME": "user",
        "TMPDIR": temporary,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_NO_INPUT": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **_git_settings(),
        **dict(more),
    }


def _is_locale(name: str) -> bool:
    return name.startswith("LC_")


def _git_settings() -> dict[str, str]:
    """Return settings that keep git from running hooks and from checking who owns the files."""
    settings = {"GIT_CONFIG_COUNT": str(len(_GIT))}
    for number, (name, value) in enumerate(_GIT):
        settings |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return settings
