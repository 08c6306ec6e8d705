"""Pages: nothing that a model wrote can script them, and their script runs in a real browser."""

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.metrics import LeftOut
from refinegraph.evaluation.records import RunError, RunLine, error_line
from refinegraph.evaluation.summary import summarise
from refinegraph.html.evaluation import evaluation_page
from refinegraph.html.run import run_page
from refinegraph.runs.report import report
from refinegraph.schema import CaseOutcome, Isolation, Verdict
from refinegraph.terminal.summary import summary_view
from refinegraph.terminal.text import verdict_words
from refinegraph.wording import outcome_word

HOSTILE = "</template></script><script>alert(1)</script><img src=x onerror=alert(2)>"
CHROMIUM = os.environ.get("REFINEGRAPH_CHROMIUM") or shutil.which("chromium")


class Tags(HTMLParser):
    """Counts what a browser would execute or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        names = {name for name, _ in attrs}
        if tag in ("img", "link", "iframe") or {"src", "onerror", "onclick"} & names:
            self.outside.append(tag)


def run(id: str, *, right: bool = True) -> RunLine:
    words = [
        f"def f(x):\n    # {HOSTILE}\n    return -x",
        f"VERDICT: wrong\nSTEP: {HOSTILE}\nCHANGE: {HOSTILE}",
        f"def f(x):\n    # {HOSTILE}!\n    return {'x' if right else '-x'}",
    ]
    problem = rg.Problem(id=id, prompt=f"Write f(x). {HOSTILE}", tests="assert f(1) == 1")
    result = rg.solve(problem, model=ScriptedChatModel(words, cycle=True), strategy="self-refine")
    return RunLine(
        problem_id=id,
        strategy="self-refine",
        prompt=problem.prompt,
        kind="code",
        correct=right,
        candidates_correct=tuple((each.id, right) for each in result.candidates),
        result=result,
    )


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_a_hostile_run_cannot_script_its_page() -> None:
    line = run(HOSTILE)
    page = "".join(run_page(line.result, prompt=line.prompt))
    assert (read(page).scripts, read(page).outside) == (0, [])
    assert "&lt;script&gt;alert(1)" in page


def test_a_hostile_run_cannot_script_the_report() -> None:
    runs = [run(HOSTILE), run("other", right=False)]
    page = "".join(evaluation_page(summarise(runs), runs, title=HOSTILE))
    assert (read(page).scripts, read(page).outside) == (1, [])
    assert page.count("<template") == page.count("</template>") == 2


def test_a_page_shows_the_way_and_what_changed() -> None:
    page = "".join(run_page(run("one").result))
    assert "round 1: refine 0.0" in page
    assert re.search(r'class="gone">- +return -x', page)
    assert re.search(r'class="come">\+ +return x', page)
    assert "passes the one visible test given" in page


def browsed(file: Path, *, width: int = 1200) -> str:
    """Return the page as a browser has it after its scripts ran; no console message is allowed."""
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--window-size={width},900",
            f"--user-data-dir={file.parent / 'profile'}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    return done.stdout


def with_script(page: str, script: str) -> str:
    """Let a person's clicks follow the page's own script."""
    return page.replace("</body>", f"<script>{script}</script></body>")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_report_works_in_a_browser(tmp_path: Path) -> None:
    runs = [run("one"), run("two", right=False), run(HOSTILE)]
    summary = summarise(runs)
    file = tmp_path / "report.html"
    file.write_text("".join(evaluation_page(summary, runs, title="two")))
    shown = browsed(file)
    assert "3 of 3 runs" in shown
    found = summary.strategies["self-refine"]
    assert f"{found.accuracy:.1%}" == "66.7%"
    for told in (f"{found.accuracy:.1%}", f"{found.ci_low:.1%} to {found.ci_high:.1%}"):
        assert told in shown


CLICKS = """{
const told = [], rows = () => [...document.querySelectorAll('tr[data-run]')];
const shown = () => rows().filter(row => !row.hidden).length;
const button = rows()[0].querySelector('button');
button.click();
told.push('opened ' + document.querySelectorAll('tr.open article').length);
told.push('expanded ' + button.getAttribute('aria-expanded'));
button.click();
told.push('closed ' + document.querySelectorAll('tr.open').length);
const choose = (id, value) => {
  const field = document.getElementById(id);
  field.value = value; field.dispatchEvent(new Event('input'));
};
choose('outcome', 'wrong'); told.push('wrong ' + shown());
choose('outcome', ''); choose('words', 'two'); told.push('two ' + shown()); choose('words', '');
document.querySelector('th button[data-column="0"]').click();
told.push('first ' + rows()[0].children[0].textContent);
document.body.dataset.told = told.join(', ');
}"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_runs_open_close_sort_and_are_found(tmp_path: Path) -> None:
    runs = [run("two", right=False), run("one"), run(HOSTILE)]
    page = "".join(evaluation_page(summarise(runs), runs, title="two"))
    file = tmp_path / "report.html"
    file.write_text(with_script(page, CLICKS))
    told = re.search(r'data-told="([^"]*)"', browsed(file, width=400))
    assert told
    assert told[1].startswith("opened 2, expanded true, closed 0, wrong 1, two 1, first ")
    assert "first &lt;/template" in told[1]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_page_is_no_wider_than_a_phone(tmp_path: Path) -> None:
    runs = [run("two", right=False), run("one")]
    page = "".join(evaluation_page(summarise(runs), runs, title="two"))
    script = (
        "document.body.dataset.told = document.documentElement.scrollWidth + ' of ' + innerWidth"
    )
    file = tmp_path / "report.html"
    file.write_text(with_script(page, script))
    told = re.search(r'data-told="(\d+) of (\d+)"', browsed(file, width=500))
    assert told
    assert int(told[1]) <= int(told[2])


def test_a_long_difference_is_cut_between_its_lines() -> None:
    before = "\n".join(f"a{number} = '<&>'" for number in range(4_000))
    after = before.replace("a", "b")
    words = [f"```python\n{before}\n```", "VERDICT: wrong", f"```python\n{after}\n```"]
    model = ScriptedChatModel(words, cycle=True)
    problem = rg.Problem(prompt="Write f(x).", tests="assert f(1) == 1")
    page = "".join(run_page(rg.solve(problem, model=model, strategy="self-refine")))
    assert "… cut" in page
    assert page.count("<span") == page.count("</span>")
    assert page.count("<pre") == page.count("</pre>")


def unexecuted(result: rg.RefinementResult) -> rg.RefinementResult:
    """Return the run as it would have ended, had the sandbox failed."""
    verdict = Verdict(
        passed=False,
        status="sandbox_error",
        tests=(CaseOutcome(id="1", status="not_run"),),
        isolation=Isolation(tier="none"),
        detail="the sandbox itself failed",
    )
    candidates = tuple(each.model_copy(update={"verdict": verdict}) for each in result.candidates)
    return result.model_copy(update={"solved": False, "candidates": candidates})


def test_nothing_that_was_not_executed_is_called_refuted() -> None:
    result = unexecuted(run("one", right=False).result)
    assert outcome_word(result) == "unverified"
    page = "".join(run_page(result))
    assert "unverified: its tests could not be run" in page
    assert "not run: the sandbox itself failed" in page
    assert "refuted" not in page
    assert 'class="bad"' not in page
    assert "refuted" not in str(summary_view(result))
    assert all(verdict_words(each) == "not run" for each in result.candidates)
    assert {each.failed for each in report(result).candidates} == {None}


def test_the_report_names_what_no_figure_counts() -> None:
    runs = [run("one")]
    error = RunError(kind="unexpected", type="KeyError", detail="x")
    lines = [error_line(("two", "self-refine"), error, rg.Usage())]
    left_out = [LeftOut(problem_id=HOSTILE, reason="it fails")]
    summary = summarise(runs, errors=lines, left_out=left_out)
    page = "".join(evaluation_page(summary, runs, title="t"))
    assert "1 run of self-refine failed" in page
    assert "it fails" in page
    assert read(page).scripts == 1
