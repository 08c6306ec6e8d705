"""Settings from flags, environment variables and a `refinegraph.toml`, in this order of precedence.

The file is looked for in the current folder and above, so it may come with a cloned repository.
Therefore it may choose strategies and limits, but nothing that decides where keys, prompts or files
go, unless the user has trusted this file (`refinegraph config trust PATH`).
"""

import importlib.util
import os
import shlex
import tomllib
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

from refinegraph.errors import InputError, SettingError
from refinegraph.options.names import settings, variable_of
from refinegraph.options.option_set import Option, current_names, shown
from refinegraph.options.run_options import RunOptions
from refinegraph.options.trust import is_trusted
from refinegraph.values import UnfitValue, nearest, plain_data

FILE_NAME = "refinegraph.toml"
EMBEDDED = "embedded"
"""The model that ships with the package."""

_given: dict[str, "Setting"] = {}
"""Settings that flags of this process gave."""
_announced: set[tuple[str, tuple[str, ...]]] = set()
"""Files and settings that this process has already reported as ignored."""


class Setting(NamedTuple):
    """A value and its source."""

    value: Any
    source: str


class SettingsFile(NamedTuple):
    """The content of a `refinegraph.toml`."""

    path: Path
    content: bytes
    values: dict[str, Any]
    """Every setting with its TOML value."""
    is_trusted: bool
    tables: dict[str, dict[str, Any]]
    """The defaults of single commands, by the command's name."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """The settings in this file that would need trust it does not have."""
        known = settings()
        values = self.values.items()
        return tuple(name for name, value in values if not self._may_set(known[name], value))

    def find(self, name: str) -> Setting | None:
        """Return a setting from this file, or None if it is missing or ignored."""
        if name not in self.values or name in self.ignored:
            return None
        return Setting(self._checked(settings()[name], name), str(self.path))

    def _may_set(self, option: Option, value: Any) -> bool:
        if self.is_trusted:
            return True
        try:
            return option.is_safe(option.value.accept(value))
        except UnfitValue:
            return option.safe is True

    def _checked(self, option: Option, name: str) -> Any:
        try:
            return option.value.accept(self.values[name])
        except UnfitValue as error:
            raise InputError(f"{self.path}: {name} = {shown(self.values[name])} {error}.") from None


def find_setting(name: str) -> Setting | None:
    """Return a setting from a flag, the environment or the nearest `refinegraph.toml`.

    Raises `InputError` for an unknown name and for a file that cannot be read.
    """
    if name not in settings():
        known = list(settings())
        raise InputError(f"unknown setting {name!r}{nearest(name, known)}; see `config`.")
    return find_settings([name]).get(name)


def find_settings(names: Iterable[str]) -> dict[str, Setting]:
    """Return the settings that flags, the environment or the nearest file contain, by name."""
    values: dict[str, Setting] = {}
    file = nearest_file()
    if file:
        _announce(file)
    for name in names:
        setting = _given.get(name) or _from_environment(name)
        setting = setting or (file.find(name) if file else None)
        if setting:
            values[name] = setting
    return values


@contextmanager
def given_settings(**values: Any) -> Generator[None]:
    """Inside the context, let values from flags precede those of the environment and files.

    This is for settings that are looked up far from where arguments are read. They hold for the
    whole process.

    >>> with given_settings(store="postgresql://127.0.0.1/runs"):
    ...     find_setting("store")
    Setting(value='postgresql://127.0.0.1/runs', source='--store')
    """
    before = dict(_given)
    _given.update({name: Setting(value, f"--{name}") for name, value in values.items()})
    try:
        yield
    finally:
        _given.clear()
        _given.update(before)


def configured(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a run: the given ones, completed from the settings.

    >>> configured({"samples": 3, "rounds": None})["samples"]
    3
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    missing = [name for name in settings() if name in RunOptions.declared and name not in chosen]
    values = {name: setting.value for name, setting in find_settings(missing).items()}
    for name, other in (("cache", "replay"), ("replay", "cache")):
        if name in chosen:
            values.pop(other, None)
    return {**values, **chosen}


def unconfirmed_places(options: RunOptions) -> dict[str, Any]:
    """Return options that decide where keys, prompts or files go and differ from the settings.

    Credentials in addresses are not compared, since records do not contain them.
    """
    own = find_settings(options.places)
    return {
        name: value
        for name, value in options.places.items()
        if name not in own or plain_data(own[name].value) != plain_data(value)
    }


def default_model() -> str:
    """Return the name of the package's model; raises `SettingError` if it cannot run."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise SettingError(
            "no model is named, and the small one in the package needs "
            "pip install 'refinegraph[local]'; install it, pass --model (such as "
            "ollama_chat/qwen3:8b, or openai/NAME with --api-base), or set REFINEGRAPH_MODEL."
        )
    return EMBEDDED


def home() -> Path:
    """Return the folder where refinegraph keeps its data."""
    setting = find_setting("home")
    return _expanded(setting.value) if setting else own_folder()


def rates_folder() -> Path:
    """Return the folder of learned success rates, which need not exist."""
    return home() / "rates"


def own_folder() -> Path:
    """Return the user's own folder, which the environment may choose but no file.

    Raises `InputError` if there is neither a variable nor a home folder.
    """
    given = os.environ.get(variable_of("home"))
    if given:
        return _expanded(given)
    import platformdirs

    try:
        return _expanded(platformdirs.user_data_dir("refinegraph", appauthor=False))
    except RuntimeError:
        raise _no_home() from None


def nearest_file() -> SettingsFile | None:
    """Read the `refinegraph.toml` in this folder, or else in the nearest folder above."""
    try:
        here = Path.cwd()
    except OSError:
        return None
    paths = (folder / FILE_NAME for folder in (here, *here.parents))
    path = next(filter(_is_file, paths), None)
    return read_file(path) if path else None


def read_file(path: Path) -> SettingsFile:
    """Read a settings file; raises `InputError` if it is not one."""
    try:
        content = path.read_bytes()
        values = current_names(tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from None
    tables = {
        name: cast("dict[str, Any]", value)
        for name, value in values.items()
        if isinstance(value, dict)
    }
    values = {name: value for name, value in values.items() if name not in tables}
    unknown = next((name for name in values if name not in settings()), None)
    if unknown is not None:
        hint = nearest(unknown, list(settings()))
        raise InputError(f"{path} has an unknown setting {unknown!r}{hint}; see `config`.")
    return SettingsFile(path, content, values, _is_trusted(path, content), tables)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_trusted(path: Path, content: bytes) -> bool:
    try:
        return is_trusted(own_folder(), path, content)
    except InputError:
        return False


def _expanded(folder: str) -> Path:
    try:
        path = Path(folder).expanduser()
    except RuntimeError:
        raise _no_home() from None
    if str(path).startswith("~"):
        raise _no_home()
    return path


def _no_home() -> InputError:
    return InputError("there is no home folder to keep data in; set REFINEGRAPH_HOME to a folder.")


def _from_environment(name: str) -> Setting | None:
    variable = variable_of(name)
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        return Setting(settings()[name].value.read(text), variable)
    except UnfitValue as error:
        raise InputError(f"{variable}={shown(text)} {error}.") from None


def _announce(file: SettingsFile) -> None:
    """Warn once about ignored settings; without handlers, logging writes to standard error."""
    ignored = file.ignored
    if not ignored or (str(file.path), ignored) in _announced:
        return
    _announced.add((str(file.path), ignored))
    import logging

    logging.getLogger("refinegraph").warning(
        "refinegraph: ignoring %s in %s, a file that you have not trusted; to trust it: %s",
        ", ".join(ignored),
        _printable(str(file.path)),
        _printable(f"refinegraph config trust {shlex.quote(str(file.path))}"),
    )


def _printable(text: str) -> str:
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
