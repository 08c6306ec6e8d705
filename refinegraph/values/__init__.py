"""Kinds of option values: how to parse a value from text, and how to check a Python value.

A kind raises `UnfitValue` with a phrase that follows the value in a sentence: "is not above 0". The
caller, which knows where the value came from (a flag, a variable, a file or an argument), completes
the sentence.
"""

from refinegraph.values.base import UnfitValue, Value, check_argument, nearest
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
    "check_argument",
    "is_instance",
    "listed",
    "nearest",
    "plain_data",
    "without_credentials",
]
