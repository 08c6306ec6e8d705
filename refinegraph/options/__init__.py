"""Every option, declared once.

A field of `RunOptions` is an option everywhere: an argument of `refinegraph.solve` and `asolve`, a
flag, an environment variable `REFINEGRAPH_NAME`, a key of `refinegraph.toml`, part of a saved run
and of an evaluation's digest. To add one, declare it in `run_options`.
"""

from refinegraph.options.command_options import CommandOptions
from refinegraph.options.names import flag_of, read_option, settings, variable_of
from refinegraph.options.option_set import Option, OptionSet
from refinegraph.options.run_options import RunOptions
from refinegraph.options.solve_options import SolveOptions

__all__ = [
    "CommandOptions",
    "Option",
    "OptionSet",
    "RunOptions",
    "SolveOptions",
    "flag_of",
    "read_option",
    "settings",
    "variable_of",
]
