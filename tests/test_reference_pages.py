"""Every public name has an entry on a page of the reference."""

import re

from docs.entries import entries_of, exports_of, is_written, listed, packages

INTERNAL = {
    "refinegraph.cli.solve": "a command, described on the page of the command line",
    "refinegraph.embedded.tasks": "what the model in the package is trained on",
    "refinegraph.repl": "the session behind `refinegraph demo`",
    "refinegraph.tools.visible_tests": "a former name",
    "refinegraph.values": "kinds of option values, for those who declare options",
}
"""Packages with an `__all__` that no page lists, each with its reason."""


def test_every_package_is_listed_on_a_page() -> None:
    """Add `<!-- entries of PACKAGE -->` to a page of docs/reference for a new package."""
    assert sorted([*listed(), *INTERNAL]) == sorted(packages())


def test_every_public_name_has_one_entry() -> None:
    generated = "".join(entries_of(package) for package in listed())
    entries = [
        (module, name)
        for module, names in re.findall(r"::: (\S+)\n +options:\n +members: \[(.*)\]", generated)
        for name in names.split(", ")
    ]
    assert len(set(entries)) == len(entries)
    exports = [export for package in listed() for export in exports_of(package)]
    wanted = {(export.module, export.name) for export in exports if not is_written(export)}
    assert wanted == set(entries)
    assert ("refinegraph.schema.usage", "Usage") in wanted
