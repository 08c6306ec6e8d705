"""Generate the mutants of graphs/ and tools/, without those that behaviour cannot reveal."""

import ast
import hashlib
import importlib
import json
import random
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

# Neither is typed, nor installed for the tests.
syntax: Any = importlib.import_module("cosmic_ray.ast")
mutating: Any = importlib.import_module("cosmic_ray.mutating")
plugins: Any = importlib.import_module("cosmic_ray.plugins")

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "mutants"
SOURCES = ("graphs", "tools")
LEFT_OUT = re.compile(r"tools/(?:.*/)?(?:guest|guard|conformance)/")
"""Programs that run inside a sandbox or a tested project, and the attacks that test them."""


@dataclass(frozen=True)
class Mutant:
    """A change of one file that replaces the text from `start` to `end` (line and column)."""

    path: str
    operator: str
    occurrence: int
    start: tuple[int, int]
    end: tuple[int, int]

    @property
    def key(self) -> str:
        """The name of the mutant in the file of results."""
        return f"{self.path}:{self.start[0]} {self.operator} {self.occurrence}"


def sources(only: str = "") -> list[Path]:
    """Return the files to mutate."""
    paths = (path for name in SOURCES for path in (ROOT / name).rglob("*.py"))
    return sorted(
        path
        for path in paths
        if not LEFT_OUT.match(relative(path)) and relative(path).startswith(only)
    )


def relative(path: Path) -> str:
    """Return a path as it appears in results."""
    return str(path.relative_to(ROOT))


def digest(paths: Sequence[Path]) -> str:
    """Return a short digest of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def kept_sample(count: int, seed: int, only: str) -> list[Mutant]:
    """Return the sample, which is drawn once for these sources and kept in a file."""
    state = digest([*sources(only), Path(__file__)])
    file = BUILD / f"sample-{state}-{seed}-{count}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([asdict(mutant) for mutant in sample(count, seed, only)]))
    kept: list[dict[str, Any]] = json.loads(file.read_text())
    return [
        replace(Mutant(**one), start=tuple(one["start"]), end=tuple(one["end"])) for one in kept
    ]


def sample(count: int, seed: int, only: str) -> list[Mutant]:
    """Return one mutant for each of several randomly drawn places."""
    places: dict[tuple[str, Any], list[Mutant]] = {}
    for path in sources(only):
        for mutant in mutants_of(path):
            places.setdefault((mutant.path, (mutant.start, mutant.end)), []).append(mutant)
    rng = random.Random(seed)
    shuffled = rng.sample(sorted(places), len(places))
    candidates = (rng.sample(places[place], len(places[place])) for place in shuffled)
    compiled = (next(filter(compiles, mutants), None) for mutants in candidates)
    return list(islice(filter(None, compiled), count))


def compiles(mutant: Mutant) -> bool:
    """Return whether a mutant compiles; one that does not needs no test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(mutated((ROOT / mutant.path).read_text(), mutant), mutant.path, "exec")
        except SyntaxError:
            return False
    return True


def mutated(source: str, mutant: Mutant) -> str:
    """Return the source of a file with a mutant's change."""
    operator = plugins.get_operator(mutant.operator)()
    return mutating.mutate_code(source, operator, mutant.occurrence) or source


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file that behaviour can reveal."""
    nodes = list(syntax.ast_nodes(syntax.get_ast_from_path(path)))
    source = path.read_text()
    unseen, rows = equivalents(source), source.splitlines()
    for operator_name in sorted(plugins.operator_names()):
        if "_BitOr_" in operator_name or "Variable" in operator_name:
            continue
        operator: Any = plugins.get_operator(operator_name)()
        places = (place for node in nodes for place in operator.mutation_positions(node))
        kind = operator_name.removeprefix("core/")
        for occurrence, (start, end) in enumerate(places):
            row = str(rows[int(start[0]) - 1])
            # cosmic-ray replaces exceptions only where they have a plain name, and takes the star
            # before keyword-only parameters for a product.
            dotted = kind == "ExceptionReplacer" and "." in row[start[1] : end[1]]
            star = "_Mul_" in kind and row[end[1] :].startswith(",")
            shown = not any(kind.endswith(name) and start in at for name, at in unseen.items())
            if shown and not dotted and not star:
                yield Mutant(relative(path), operator_name, occurrence, tuple(start), tuple(end))


SETTINGS = {"strict": "zip", "daemon": "Thread", "slots": "dataclass"}
DECORATORS = ("overload", "override", "final", "abstractmethod")


def equivalents(source: str) -> dict[str, set[tuple[int, int]]]:
    """Return the starts of changes that behaviour cannot reveal, by their operators."""
    trues: set[tuple[int, int]] = set()
    decorators: set[tuple[int, int]] = set()
    comparisons: set[tuple[int, int]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            trues |= {
                (word.value.lineno, word.value.col_offset)
                for word in node.keywords
                if called.endswith(SETTINGS.get(word.arg or "", "no such call"))
            }
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            decorators |= {
                (word.lineno, word.col_offset - 1)
                for word in node.decorator_list
                if ast.unparse(word).endswith(DECORATORS)
            }
        elif isinstance(node, ast.Compare):
            comparisons |= _beside_literals(node)
    identities = dict.fromkeys(("_Eq_Is", "_NotEq_IsNot"), comparisons)
    return {"ReplaceTrueWithFalse": trues, "RemoveDecorator": decorators, **identities}


def _beside_literals(node: ast.Compare) -> set[tuple[int, int]]:
    operands = [node.left, *node.comparators]
    if not any(isinstance(operand, ast.Constant) for operand in operands):
        return set()
    first, last = operands[0], operands[-1]
    columns = range(first.col_offset, 200 if last.lineno > first.lineno else last.col_offset)
    return {(line, at) for line in range(first.lineno, last.lineno + 1) for at in columns}
