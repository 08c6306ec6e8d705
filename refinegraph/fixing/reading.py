"""Read the patch in an answer by applying its edits to the checkout's files."""

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
"""The new texts of changed files by path; None for a deleted file."""


class patch_reader:
    """Read the edits of an answer, in any format, as one patch against a checkout.

    Changes to existing tests and other protected files are left out of the patch; new tests stay in
    it but are not used to judge it. An answer is unusable if its edits do not apply, change nothing
    else, add a file that test runners load automatically, or leave a file that is not valid
    Python; the reason is one sentence that can be shown to the model. Answers with the same
    resulting syntax trees share a class.
    """

    def __init__(self, sources: Sources, *, protect: tuple[str, ...] = ()) -> None:
        self.sources = sources
        self.protect = protect

    def __call__(self, text: str, problem: Problem) -> Reading:
        """Return the patch, or why the answer is unusable."""
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
        return Reading(program=patch, equivalence_class=self._class(kept))

    def changes(self, text: str) -> Changes | str:
        """Return the files that an answer changes, or a sentence if its edits do not apply."""
        from refinegraph.tools.edits import RejectedEdit, edit_files

        files = self.sources.every_file
        if text.startswith("diff --git "):
            try:
                return apply_patch(text, files.get)
            except InputError:
                pass  # the hunks of a patch with wrong line numbers may still match one location
        applied = edit_files(text, files)
        if isinstance(applied, RejectedEdit):
            return applied.text
        return {path: applied.files.get(path) for path in applied.changed}

    def _refusal(self, changes: Changes) -> str | None:
        """Return why these changes cannot be tried, or None if they can."""
        for path, text in changes.items():
            if starts_up(path):
                return f"the edits add {path!r}, which test runners load automatically"
            if text is not None and path.endswith(".py") and parse_module(text) is None:
                return f"{path!r} is no longer valid Python after the edits"
        if all(is_protected(path, self.protect) for path in changes):
            return "the edits change only tests or protected files, not the program"
        return None

    def _class(self, changes: Changes) -> str:
        digest = hashlib.sha256()
        for path, text in sorted(changes.items()):
            normalised = normalise_program(text) if text and path.endswith(".py") else text
            digest.update(f"{path}\0{normalised}\0".encode("utf-8", "surrogatepass"))
        return f"patch-{digest.hexdigest()[:32]}"
