"""Read input files and write output files of commands."""

import os
import stat
import sys
import tempfile
from pathlib import Path

from refinegraph.cli.streams import discard_output
from refinegraph.errors import InputError


def read_text(name: str, what: str) -> str:
    """Return the text of a file; raises `InputError` if it cannot be read."""
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} in {name!r} cannot be read: byte {error.start} is not UTF-8; save it as UTF-8."
        ) from None
    except OSError as error:
        raise InputError(f"{what} in {name!r} cannot be read: {error.strerror}.") from None


def read_stdin() -> str:
    """Return standard input as text with plain newlines and without a byte order mark."""
    if sys.stdin is None:
        raise InputError("the problem should come from standard input, which is closed.")
    try:
        text = sys.stdin.buffer.read().decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(
            f"standard input cannot be read: byte {error.start} is not UTF-8; pipe UTF-8 text."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


class OutputFile:
    """A file that is replaced atomically; whether it can be written is checked at once.

    Raises `InputError` if it cannot be written. A device or a pipe is written to directly.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self.path = Path(os.path.realpath(name))
            self._check()
        except OSError as error:
            raise self._refused(error) from None

    def write(self, text: str) -> None:
        """Replace the content of the file."""
        try:
            if self._is_special():
                self.path.write_text(text, encoding="utf-8")
            else:
                self._replace(text)
        except OSError as error:
            raise self._refused(error) from None

    def _check(self) -> None:
        if self.path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise PermissionError(13, "it is write-protected")
        if not self._is_special():
            part = self._part()
            os.close(part[0])
            part[1].unlink()

    def _replace(self, text: str) -> None:
        handle, part = self._part()
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            part.chmod(self._mode())
            part.replace(self.path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _part(self) -> tuple[int, Path]:
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=".part")
        return handle, Path(name)

    def _mode(self) -> int:
        if self.path.exists():
            return stat.S_IMODE(self.path.stat().st_mode)
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask

    def _is_special(self) -> bool:
        return self.path.exists() and not self.path.is_file()

    def _refused(self, error: OSError) -> InputError:
        return InputError(
            f"--output {self.name!r} cannot be written: {error.strerror}; "
            "name a file in an existing folder."
        )


def print_exactly(text: str, *, encoding: str | None = None) -> None:
    """Write text to standard output unchanged; a closed pipe is not an error."""
    out = sys.stdout
    if out is None:
        return
    try:
        out.flush()
        out.buffer.write(text.encode(encoding or out.encoding, errors=out.errors or "strict"))
        out.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        discard_output()
        raise InputError(f"standard output cannot be written: {error.strerror}.") from None
