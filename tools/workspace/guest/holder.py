"""The process that holds one tree: it creates the view, serves its files and runs its commands.

The first process enters new namespaces, forks and waits. Its child, the first process in the PID
namespace, creates the view and answers the host. When the host closes its end of the connection,
the child ends together with all processes that it started.
"""

import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

from refinegraph.tools.sandbox.guest import linux
from refinegraph.tools.workspace.guest import namespaces
from refinegraph.tools.workspace.guest.command import run
from refinegraph.tools.workspace.guest.confining import Confinement
from refinegraph.tools.workspace.guest.files import Files, Refused
from refinegraph.tools.workspace.guest.line import Header, Line
from refinegraph.tools.workspace.guest.settings import Command, Settings
from refinegraph.tools.workspace.guest.view import View


def hold(connection: socket.socket) -> NoReturn:
    """Hold a tree until the host is gone."""
    line = Line(connection)
    try:
        header, _, _ = line.receive()
        settings = Settings.of(header)
        _die_with_parent()
        if not settings.copy:
            user = namespaces.leave(settings)
            holder = os.fork()
            if holder:
                connection.close()
                _wait_for(holder)
            _die_with_parent()
            linux.prctl(linux.PR_SET_DUMPABLE, 0)  # earlier, it would prevent mapping users
        else:
            user = namespaces.user_without(settings)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        view = View.make(settings, user)
        confinement = Confinement(settings, user, view.writable)
    except EOFError:
        os._exit(0)
    except BaseException as error:
        with suppress(OSError):
            line.send({"refused": f"{_step(error)}{getattr(error, 'strerror', None) or error}"})
        os._exit(1)
    line.send({"layers": confinement.layers, "missing": [*view.missing, *confinement.missing]})
    _serve(line, view, confinement)


def _step(error: BaseException) -> str:
    """Return the notes of an error, which name the failed step."""
    return "".join(f"{note}: " for note in getattr(error, "__notes__", ()))


def _die_with_parent() -> None:
    if sys.platform == "linux":
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_for(holder: int) -> NoReturn:
    os.waitpid(holder, 0)
    os._exit(0)


def _serve(line: Line, view: View, confinement: Confinement) -> NoReturn:
    owner = view.user.number if view.user.root else None
    files = Files(view.root, upper=view.upper, scratch=view.scratch, owner=owner)
    while True:
        try:
            header, payload, descriptors = line.receive()
        except (EOFError, OSError):
            confinement.end_everything()
            os._exit(0)
        try:
            answer, content = _answer(header, payload, descriptors, line, files, confinement)
        except Refused as error:
            answer, content = {"refused": str(error)}, b""
        except OSError as error:
            answer, content = {"refused": error.strerror or str(error), "errno": error.errno}, b""
        line.send(answer, content)


def _answer(
    header: Header,
    payload: bytes,
    descriptors: list[int],
    line: Line,
    files: Files,
    confinement: Confinement,
) -> tuple[Header, bytes]:
    action = header.pop("do")
    if action == "run":
        return run(Command.of(header), descriptors, line.connection, files, confinement)
    return files.answer(action, header, payload)
