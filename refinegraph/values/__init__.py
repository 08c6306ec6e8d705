"""Kinds of option values: how a value is read from text, and how one given in Python is checked.

A kind raises `UnfitValue` with what is wrong, to be written after the value: "is not above 0".
Whoever knows where the value came from (a flag, a variable, a file, an argument) makes the
sentence.
"""

from refinegraph.values.base import UnfitValue, Value, nearest
from refinegraph.values.kinds import Choice, Number, Pair, Several, Source, Switch, Text
from refinegraph.values.objects import (
    FileContent,
    FileName,
    Function,
    Instance,
    Items,
    Model,
    Models,
    Stream,
)
from refinegraph.values.plain import is_instance, listed, plain_data, without_credentials

__all__ = [
    "Choice",
    "FileContent",
    "FileName",
    "Function",
    "Instance",
    "Items",
    "Model",
    "Models",
    "Number",
    "Pair",
    "Several",
    "Source",
    "Stream",
    "Switch",
    "Text",
    "UnfitValue",
    "Value",
    "is_instance",
    "listed",
    "nearest",
    "plain_data",
    "without_credentials",
]
