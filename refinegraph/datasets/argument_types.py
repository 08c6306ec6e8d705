"""Give arguments back the types that JSON took from them.

EvalPlus stores the arguments of MBPP+ as JSON, where tuples and sets become lists and complex
numbers become text, and restores them with a table of its task numbers
(`evalplus/data/mbpp.py`). Here the assertions that stand in every record serve as examples.
"""

import ast
from collections.abc import Sequence

from refinegraph.support.json_text import Json
from refinegraph.tools.programs.python_source import parse_module

Container = list["Plain"] | tuple["Plain", ...] | set["Plain"] | frozenset["Plain"]
Plain = None | bool | int | float | complex | str | bytes | Container | dict["Plain", "Plain"]
"""What `ast.literal_eval` returns."""


def example_arguments(assertions: str, entry_point: str) -> list[tuple[Plain, ...]]:
    """Return the arguments of every call of a function that are literals.

    >>> example_arguments("assert f((1, 2), 3) == 4", "f")
    [((1, 2), 3)]
    """
    module = parse_module(assertions)
    calls = [node for node in ast.walk(module or ast.Pass()) if isinstance(node, ast.Call)]
    named = [call for call in calls if ast.unparse(call.func) == entry_point]
    return [arguments for call in named if (arguments := _literals(call)) is not None]


def _literals(call: ast.Call) -> tuple[Plain, ...] | None:
    try:
        return tuple(ast.literal_eval(argument) for argument in call.args)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None


def restore_arguments(
    arguments: Sequence[Json], examples: Sequence[tuple[Plain, ...]]
) -> tuple[Plain, ...]:
    """Return arguments with the types that those of the examples have in their places.

    >>> restore_arguments([[[1, 2]], "1j"], [([(3, 4)], 2j)])
    ([(1, 2)], 1j)
    """
    return tuple(
        restore(value, [example[place] for example in examples if len(example) > place])
        for place, value in enumerate(arguments)
    )


def restore(value: Json, examples: Sequence[Plain]) -> Plain:
    """Return a value of JSON with the types that the examples have, level by level."""
    if isinstance(value, list):
        return _restored_list(value, examples)
    if isinstance(value, dict):
        return _restored_dict(value, [each for each in examples if isinstance(each, dict)])
    if isinstance(value, str) and examples and all(map(_is_number, examples)):
        return _restored_number(value, examples)
    return value


def _restored_list(value: list[Json], examples: Sequence[Plain]) -> Plain:
    containers = [each for each in examples if isinstance(each, list | tuple | set | frozenset)]
    if not value and not containers and any(isinstance(each, dict) for each in examples):
        return {}
    inner = [part for container in containers for part in container]
    restored = [restore(part, inner) for part in value]
    kinds = {type(container) for container in containers}
    if kinds == {tuple}:
        return tuple(restored)
    return _as_set(restored) if kinds == {set} else restored


def _as_set(values: list[Plain]) -> Plain:
    try:
        return set(values)
    except TypeError:  # lists in a list, where the examples hold numbers
        return values


def _restored_dict(value: dict[str, Json], examples: Sequence[dict[Plain, Plain]]) -> Plain:
    keys = [key for example in examples for key in example]
    values = [part for example in examples for part in example.values()]
    return {restore(key, keys): restore(part, values) for key, part in value.items()}


_NUMBERS: tuple[type[int | float | complex], ...] = (int, float, complex)


def _restored_number(text: str, examples: Sequence[Plain]) -> Plain:
    """Return the narrowest number that the text is, no narrower than the examples."""
    narrowest = max(_width(example) for example in examples)
    for kind in _NUMBERS[narrowest:]:
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _width(value: Plain) -> int:
    return 2 if isinstance(value, complex) else 1 if isinstance(value, float) else 0
