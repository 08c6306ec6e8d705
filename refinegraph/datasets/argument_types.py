"""Restore the types of arguments that JSON cannot represent.

EvalPlus stores the arguments of MBPP+ as JSON, where tuples and sets become lists and complex
numbers become text, and restores them with a table of its task numbers
(`evalplus/data/mbpp.py`). This module uses the assertions of every record as examples instead.
"""

import ast
from collections.abc import Sequence

from refinegraph.support.json_text import Json
from refinegraph.tools.programs.python_source import parse_module

Container = list["Plain"] | tuple["Plain", ...] | set["Plain"] | frozenset["Plain"]
Plain = None | bool | int | float | complex | str | bytes | Container | dict["Plain", "Plain"]
"""What `ast.literal_eval` returns."""


def example_arguments(assertions: str, entry_point: str) -> list[tuple[Plain, ...]]:
    """Return the arguments of every call of a function whose arguments are all literals.

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
    """Return the arguments with the types that the examples have at the same positions.

    >>> restore_arguments([[[1, 2]], "1j"], [([(3, 4)], 2j)])
    ([(1, 2)], 1j)
    """
    return tuple(
        restore(value, [example[index] for example in examples if len(example) > index])
        for index, value in enumerate(arguments)
    )


def restore(value: Json, examples: Sequence[Plain]) -> Plain:
    """Return a JSON value with the types that the examples have at every level of nesting."""
    if isinstance(value, list):
        return _restored_list(value, examples)
    if isinstance(value, dict):
        return _restored_dict(value, [example for example in examples if isinstance(example, dict)])
    if isinstance(value, str) and examples and all(map(_is_number, examples)):
        return _restored_number(value, examples)
    return value


def _restored_list(value: list[Json], examples: Sequence[Plain]) -> Plain:
    containers = [part for part in examples if isinstance(part, list | tuple | set | frozenset)]
    if not value and not containers and any(isinstance(part, dict) for part in examples):
        return {}
    items = [item for container in containers for item in container]
    restored = [restore(item, items) for item in value]
    kinds = {type(container) for container in containers}
    if kinds == {tuple}:
        return tuple(restored)
    return _as_set(restored) if kinds == {set} else restored


def _as_set(values: list[Plain]) -> Plain:
    try:
        return set(values)
    except TypeError:  # the value contains lists where the examples contain numbers
        return values


def _restored_dict(value: dict[str, Json], examples: Sequence[dict[Plain, Plain]]) -> Plain:
    keys = [key for example in examples for key in example]
    values = [item for example in examples for item in example.values()]
    return {restore(key, keys): restore(item, values) for key, item in value.items()}


_NUMBERS: tuple[type[int | float | complex], ...] = (int, float, complex)


def _restored_number(text: str, examples: Sequence[Plain]) -> Plain:
    """Return the text as the narrowest type of number that fits it and all examples."""
    narrowest = max(_width(example) for example in examples)
    for number_type in _NUMBERS[narrowest:]:
        try:
            return number_type(text)
        except ValueError:
            continue
    return text


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _width(value: Plain) -> int:
    return 2 if isinstance(value, complex) else 1 if isinstance(value, float) else 0
