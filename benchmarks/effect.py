"""Compare sampling, repairing and mixing both at equal cost, by difficulty of the tasks.

    python benchmarks/effect.py --out effect

The benchmark has two parts: the model of the package on tasks that it never saw, with ablations,
and simulated models with known rates. Both compare `adaptive` with early-stopped sampling, the
strongest cheap baseline. Results are stored in the folder, and an interrupted run continues from
them.
"""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from effect_model import ABLATED_STEPS, ABLATIONS, ARMS, STEPS, WHOLE, setting_name
from effect_model import outcomes_of as model_outcomes
from effect_outcomes import Outcomes, as_point, at_equal_ceiling, at_equal_cost, joined, paired
from effect_simulated import (
    BUDGET_IN_SAMPLES,
    MIXING,
    POLICIES,
    REGIMES,
    REPAIRING,
    SAMPLING,
    calibration_lines,
    crossing,
)
from effect_simulated import outcomes_of as simulated_outcomes
from pydantic import TypeAdapter

from refinegraph.html.page import page, table, text
from refinegraph.html.plot import accuracy_plot
from refinegraph.tools.sandbox import Sandbox

Found = dict[tuple[str, str], Outcomes]
_KEPT = TypeAdapter(list[Outcomes])
_ABLATED = "repaired at most three times"


class Store:
    """The outcomes of one part, stored in a file as they arrive."""

    def __init__(self, file: Path) -> None:
        self.file = file
        kept = _KEPT.validate_json(file.read_bytes()) if file.exists() else []
        self.found: Found = {(outcomes.setting, outcomes.policy): outcomes for outcomes in kept}

    def add(self, outcomes: Outcomes) -> None:
        """Store further outcomes and print them."""
        self.found[outcomes.setting, outcomes.policy] = outcomes
        self.file.write_bytes(_KEPT.dump_json(list(self.found.values())))
        print(
            f"{outcomes.setting:<34} {outcomes.policy:<27} {outcomes.accuracy:>6.1%} "
            f"at {outcomes.mean_tokens:,.0f} tokens",
            flush=True,
        )


async def measure_simulated(store: Store, *, problems: int, seed: int) -> None:
    """Add the missing outcomes of the simulated part."""
    for regime in REGIMES:
        for name in POLICIES:
            if (regime.name, name) not in store.found:
                store.add(await simulated_outcomes(regime, name, problems=problems, seed=seed))


async def measure_model(store: Store, *, tasks: int, model: str) -> None:
    """Add the missing outcomes of the part with a model."""
    async with Sandbox() as sandbox:
        for steps in STEPS:
            for name, arm in ARMS.items():
                if (setting_name(steps), name) not in store.found:
                    store.add(
                        await model_outcomes(
                            name, arm, steps, tasks=tasks, model=model, sandbox=sandbox
                        )
                    )
        for steps in ABLATED_STEPS:
            for name, arm in ABLATIONS.items():
                if (_ablated_setting(steps), name) not in store.found:
                    found = await model_outcomes(
                        name, arm, steps, tasks=tasks, model=model, sandbox=sandbox
                    )
                    store.add(found.model_copy(update={"setting": _ablated_setting(steps)}))


def _ablated_setting(steps: int) -> str:
    return f"{setting_name(steps)}, {_ABLATED}"


def model_body(found: Mapping[tuple[str, str], Outcomes], tasks: int) -> Iterator[str]:
    """Yield the sections on the model of the package."""
    yield "<h2>The model in the package</h2>\n"
    yield f"<p>{text(_MODEL_SETUP.format(tasks=tasks))}</p>\n"
    rows = [*_arm_rows(found), _arm_row("all lengths", _all_lengths(found))]
    heads = (
        "tasks",
        *ARMS,
        "adaptive less sample-until",
        "adaptive less always repair",
    )
    yield from table(heads, rows, label="accuracy by number of steps", row_headings=True)
    yield "<h3>All lengths</h3>\n"
    yield accuracy_plot([as_point(outcomes, curve=True) for outcomes in _all_lengths(found)])
    yield "<h2>Ablations</h2>\n"
    yield f"<p>{text(_ABLATION_SETUP)}</p>\n"
    heads = ("part", "right", "difference in points", "tokens per task")
    yield from table(heads, ablation_rows(found), label="ablations", row_headings=True)


def _arm_rows(found: Mapping[tuple[str, str], Outcomes]) -> Iterator[list[str]]:
    for steps in STEPS:
        name = setting_name(steps)
        yield _arm_row(name, [found[name, arm] for arm in ARMS])


def _all_lengths(found: Mapping[tuple[str, str], Outcomes]) -> list[Outcomes]:
    return [
        joined([found[setting_name(steps), arm] for steps in STEPS], "all lengths") for arm in ARMS
    ]


def _arm_row(name: str, arms: Sequence[Outcomes]) -> list[str]:
    sampling, repairing, adaptive = arms
    return [
        text(name),
        *(f"{arm.accuracy:.1%} at {arm.mean_tokens:,.0f}" for arm in arms),
        str(at_equal_cost(sampling, adaptive)),
        str(at_equal_cost(repairing, adaptive)),
    ]


def ablation_rows(found: Mapping[tuple[str, str], Outcomes]) -> Iterator[list[str]]:
    """Yield the accuracy of every ablation, its loss, and its cost."""
    whole = _ablated(found, WHOLE)
    for name in ABLATIONS:
        outcomes = _ablated(found, name)
        change = str(paired(_shares(whole), _shares(outcomes))) if name != WHOLE else ""
        yield [text(name), f"{outcomes.accuracy:.1%}", change, f"{outcomes.mean_tokens:,.0f}"]


def _ablated(found: Mapping[tuple[str, str], Outcomes], name: str) -> Outcomes:
    parts = [found[_ablated_setting(steps), name] for steps in ABLATED_STEPS]
    return joined(parts, _ABLATED)


def _shares(outcomes: Outcomes) -> list[float]:
    return [float(solved) for solved in outcomes.solved]


def simulated_body(found: Mapping[tuple[str, str], Outcomes]) -> Iterator[str]:
    """Yield the sections on simulated models: a table by regime, the calibration, and the plots."""
    yield f"<h2>Simulated models</h2>\n<p>{text(_SIMULATED_SETUP)}</p>\n"
    heads = ("problems", *POLICIES, "adaptive less sample-until", "adaptive less always repair")
    rows = [_regime_row(found, regime.name, regime.sample_cost) for regime in REGIMES]
    yield from table(heads, rows, label="accuracy by regime", row_headings=True)
    yield "<ul>"
    for line in simulated_lines(found):
        yield f"<li>{text(line)}</li>"
    yield "</ul>\n"
    for regime in REGIMES:
        yield f"<h3>{text(regime.name)}</h3>\n"
        yield accuracy_plot([as_point(found[regime.name, name]) for name in POLICIES])


def _regime_row(
    found: Mapping[tuple[str, str], Outcomes], name: str, sample_cost: float
) -> list[str]:
    sampling, repairing, adaptive = (found[name, policy] for policy in POLICIES)
    ceiling = BUDGET_IN_SAMPLES * sample_cost
    return [
        text(name),
        *(
            f"{outcomes.accuracy:.1%} at {outcomes.mean_tokens:.0f}"
            for outcomes in (sampling, repairing, adaptive)
        ),
        str(at_equal_ceiling(sampling, adaptive, ceiling)),
        str(at_equal_ceiling(repairing, adaptive, ceiling)),
    ]


def simulated_lines(found: Mapping[tuple[str, str], Outcomes]) -> Iterator[str]:
    """Yield the point at which repairs begin to pay, and the quality of predictions."""
    for name in (REPAIRING, MIXING):
        yield f"`{name}` begins to solve more than `{SAMPLING}` {crossing(found, name)}."
    yield from calibration_lines(found)


_MODEL_SETUP = (
    "{tasks} tasks of every length that the model never saw; the statement leaves half of the "
    "steps to the examples. Hidden tests decide. Tokens are per task: those written, plus a fifth "
    "of those read and a twentieth of those read from the cache, as `adaptive` weights them. Every "
    "arm may make 24 candidates and starts knowing nothing of the model. Differences are in "
    "points, paired by task, with bootstrap intervals of 95 %. The baseline's runs are cut off at "
    "the lowest ceiling at which they cost at least as much as those of `adaptive` on average."
)
_ABLATION_SETUP = (
    "One sample, then at most three repairs: a fixed policy, so that no other choice makes up for "
    "the part that is changed. The first two rows rewrite one line of the sample: at its least "
    "certain token, or a random line drawn anew. The others ask the model for a review and a "
    "repair of the newest program, as it was trained. Differences are to the first row. Tasks of "
    f"{', '.join(map(str, ABLATED_STEPS[:-1]))} and {ABLATED_STEPS[-1]} steps together."
)
_SIMULATED_SETUP = (
    "A sample gets each step right with 80 %, a repair mends one wrong step with 41 %. A sample "
    "costs 12 tokens a step, a review 28, an edit 12. A problem is given up when the next attempt "
    "would exceed eight samples' worth of tokens. Differences are in points, paired by problem, "
    "with bootstrap intervals of 95 %. Every policy starts knowing nothing of the model."
)


async def main() -> None:
    """Run the measurements, print the results, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("effect"))
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--tasks", type=int, default=120, help="tasks per length, for the model")
    parser.add_argument("--problems", type=int, default=300, help="problems per simulated regime")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulated models")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    name = options.model.replace("/", "-")
    real = Store(options.out / f"{name}-{options.tasks}.json")
    simulated = Store(options.out / f"simulated-{options.problems}-{options.seed}.json")
    await measure_model(real, tasks=options.tasks, model=options.model)
    await measure_simulated(simulated, problems=options.problems, seed=options.seed)
    _print_conclusions(real.found, simulated.found)
    report = options.out / "effect.html"
    body = [*model_body(real.found, options.tasks), *simulated_body(simulated.found)]
    report.write_text("".join(page("Where refinement pays", body)), encoding="utf-8")
    print(f"page: {report}")


def _print_conclusions(real: Found, simulated: Found) -> None:
    print("\nadaptive minus sample-until, and minus always repair, in points at equal cost")
    for row in (*_arm_rows(real), _arm_row("all lengths", _all_lengths(real))):
        print(f"  {row[0]:<20} {row[4]:<28} {row[5]}")
    print(f"ablations ({_ABLATED}): right, difference in points, tokens per task")
    for row in ablation_rows(real):
        print(f"  {row[0]:<27} {row[1]:>6} {row[2]:<26} {row[3]}")
    for line in simulated_lines(simulated):
        print(line)


if __name__ == "__main__":
    asyncio.run(main())
