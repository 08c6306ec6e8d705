"""Settings: flags win over environment variables, these over a `refinegraph.toml` found upwards."""

import importlib.util
import os
import tomllib
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError, SettingError

FILE_NAME = "refinegraph.toml"

_VARIABLES = {
    "model": "REFINEGRAPH_MODEL",
    "api_base": "REFINEGRAPH_API_BASE",
    "home": "REFINEGRAPH_HOME",
}


class Setting(NamedTuple):
    """A value and where it comes from."""

    value: str
    source: str


def find_setting(name: str) -> Setting | None:
    """Return a setting from the environment, else from the nearest `refinegraph.toml`.

    Raises `InputError` for a name that is no setting and for a file that cannot be read.
    """
    if name not in _VARIABLES:
        raise InputError(f"unknown setting {name!r}; known settings: {', '.join(_VARIABLES)}.")
    variable = _VARIABLES[name]
    if os.environ.get(variable):
        return Setting(os.environ[variable], variable)
    path = _nearest_file()
    return _from_file(path, name) if path else None


EMBEDDED = "embedded"
"""The model that ships with the package."""


def all_settings() -> list[tuple[str, Setting | None]]:
    """Return every setting by name with its value and where it comes from; None where unset."""
    return [(name, find_setting(name)) for name in _VARIABLES]


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return _VARIABLES[name]


def model_setting() -> str:
    """Return the model to use where none is named: the setting, else the one in the package.

    Raises `SettingError` where there is no setting and the package's own cannot run either.
    """
    found = find_setting("model")
    if found is None and importlib.util.find_spec("xllamacpp") is None:
        raise SettingError(
            "no model is named, and the small one in the package needs "
            "pip install 'refinegraph[local]'; do that, or pass --model (for example "
            "ollama_chat/qwen3:8b, or openai/NAME with --api-base), or set REFINEGRAPH_MODEL."
        )
    return found.value if found else EMBEDDED


def api_base_setting() -> str | None:
    """Return the address of the models' server where none is given; None where none is set."""
    found = find_setting("api_base")
    return found.value if found else None


def home() -> Path:
    """Return the folder where refinegraph keeps its data."""
    found = find_setting("home")
    if found:
        return Path(found.value).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("refinegraph", appauthor=False))


def _nearest_file() -> Path | None:
    here = Path.cwd()
    candidates = (folder / FILE_NAME for folder in (here, *here.parents))
    return next((path for path in candidates if path.is_file()), None)


def _from_file(path: Path, name: str) -> Setting | None:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from None
    unknown = sorted(set(content) - set(_VARIABLES))
    if unknown:
        raise InputError(
            f"{path} has an unknown setting {unknown[0]!r}; known: {', '.join(_VARIABLES)}."
        )
    if name not in content:
        return None
    value = content[name]
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}: {name} is {value!r}, expected a non-empty string.")
    return Setting(value, str(path))
