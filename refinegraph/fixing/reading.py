"""Read the patch in an answer: edits in any form, applied to the checkout's files."""

import hashlib
from collections.abc import Mapping

from refinegraph.errors import InputError
from refinegraph.fixing.sources import Sources, is_protected, starts_up
from refinegraph.schema import Problem
from refinegraph.tools.checkers import Reading
from refinegraph.tools.patches import apply_patch, unified_patch
from refinegraph.tools.programs import normalise_program
from refinegraph.tools.programs.python_source import parse_module

Changes = Mapping[str, str | None]
"""Paths to the texts of changed files; None for a deleted one."""


class patch_reader:
    """Read the edits of an answer as one patch against a checkout.

    Changes of tests and other protected files are left out of the patch; new tests stay in it and
    are never run to judge it. What does not apply, changes nothing else, adds a file that test
    runners read by themselves, or no longer parses as Python is refused in a sentence that can be
    shown to the model. Answers that leave the same syntax trees behind share a class.
    """

    def __init__(self, sources: Sources, *, protect: tuple[str, ...] = ()) -> None:
        self.sources = sources
        self.protect = protect

    def __call__(self, text: str, problem: Problem) -> Reading:
        """Return the patch, or why there is none."""
        changes = self.changes(text)
        if isinstance(changes, str):
            return Reading(unusable=changes)
        protected = self.sources.protected
        kept = {path: text for path, text in changes.items() if path not in protected}
        refusal = self._refusal(kept)
        if refusal:
            return Reading(unusable=refusal)
        patch = unified_patch({path: self.sources.files.get(path) for path in kept}, kept)
        if not patch:
            return Reading(unusable="the edits change nothing")
        return Reading(program=patch, answer_class=self._class(kept))

    def changes(self, text: str) -> Changes | str:
        """Return the changed files of an answer; a sentence where its edits do not apply."""
        from refinegraph.tools.edits import Refusal, edit_files

        files = self.sources.every_file
        if text.startswith("diff --git "):
            try:
                return apply_patch(text, files.get)
            except InputError:
                pass  # a model's patch with wrong line numbers may still have one place to go
        applied = edit_files(text, files)
        if isinstance(applied, Refusal):
            return applied.text
        return {path: applied.files.get(path) for path in applied.changed}

    def _refusal(self, changes: Changes) -> str | None:
        """Return why these changes cannot be tried, without those of existing tests."""
        for path, text in changes.items():
            if starts_up(path):
                return f"the edits add {path!r}, which test runners read by themselves"
            if text is not None and path.endswith(".py") and parse_module(text) is None:
                return f"{path!r} is no longer valid Python after the edits"
        if all(is_protected(path, self.protect) for path in changes):
            return "the edits change tests or protected files only, not the program"
        return None

    def _class(self, changes: Changes) -> str:
        total = hashlib.sha256()
        for path, text in sorted(changes.items()):
            same = normalise_program(text) if text and path.endswith(".py") else text
            total.update(f"{path}\0{same}\0".encode("utf-8", "surrogatepass"))
        return f"patch-{total.hexdigest()[:32]}"
