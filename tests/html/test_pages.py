"""Contents of pages: the facts of a run or an evaluation, and nothing executable."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages_data import HOSTILE, PROGRAM, refined_run, run_line, tree_run

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.metrics import LeftOut
from refinegraph.evaluation.records import RunError, error_line
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.significance import holm
from refinegraph.evaluation.summary import summarise
from refinegraph.html import page as frame
from refinegraph.html.changes import changes_block
from refinegraph.html.conclusions import conclusions
from refinegraph.html.evaluation import evaluation_facts, evaluation_page, evaluation_title
from refinegraph.html.highlight import code_lines
from refinegraph.html.plot import Point, accuracy_plot
from refinegraph.html.replay import replay_of
from refinegraph.html.run import run_fragment, run_page, run_parts
from refinegraph.html.run_table import PLAIN_RUNS
from refinegraph.html.standing import RunIndex
from refinegraph.html.tree_layout import ROOT, place_nodes, scale_for
from refinegraph.options import RunOptions
from refinegraph.runs.report import report
from refinegraph.schema import CaseOutcome, Isolation, RejectedRefinement, Verdict
from refinegraph.terminal.summary import summary_view
from refinegraph.terminal.text import verdict_words
from refinegraph.wording import outcome_word


class Tags(HTMLParser):
    """Collects everything that a browser would execute or fetch, ids, and internal links."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.outside: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_data = values.get("type") in ("application/json", "text/plain")
        self.scripts += tag == "script" and not is_data
        if tag in ("img", "link", "iframe") or {"src", "onerror", "onclick"} & values.keys():
            self.outside.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        if values.get("href", "").startswith("#"):
            self.links.append(values["href"][1:])


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def shown(page: str) -> str:
    """Return the text of a page without its tags."""
    return re.sub(r"<[^>]+>", "", page)


def test_a_hostile_run_cannot_script_its_page() -> None:
    line = run_line(HOSTILE)
    page = "".join(run_page(line.result, prompt=line.prompt))
    assert (read(page).scripts, read(page).outside) == (1, [])
    assert "&lt;script&gt;alert(1)" in page


def test_a_hostile_run_cannot_script_the_report() -> None:
    runs = [run_line(HOSTILE), run_line("other", right=False)]
    page = "".join(evaluation_page(summarise(runs), runs, title=HOSTILE))
    assert (read(page).scripts, read(page).outside) == (1, [])
    assert page.count("<noscript") == page.count("</noscript>")
    assert page.count("<script") == page.count("</script>")


def test_a_page_allows_its_own_script_and_no_other() -> None:
    page = "".join(run_page(refined_run()))
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "script-src 'none'" in "".join(frame.page("nothing", ["<p>nothing</p>"]))


def test_the_title_names_problem_strategy_model_and_date() -> None:
    page = "".join(run_page(refined_run(), prompt="Negate x.\nNo more.", finished=1_795_305_600))
    title = "Negate x. · strategy self-refine · model scripted · 22 November 2026, 00:00 UTC"
    assert f"<title>{title}</title>" in page
    assert "<h1>Negate x.</h1>" in page


def test_the_answer_comes_first_then_the_tree_then_the_rest() -> None:
    page = "".join(run_page(refined_run(), prompt="Negate x."))
    assert read(page).links[:5] == ["answer", "tree", "candidates", "problem", "decisions"]
    places = [page.index(f'<section class="card" id="{id}">') for id in read(page).links[:5]]
    assert places == sorted(places)
    answer = page[places[0] : places[1]]
    assert "Passes the one visible test" in shown(answer)
    assert "return x" in shown(answer)
    assert "Candidate 1.0 of 2 was chosen" in answer


def test_the_tree_shows_verdicts_operators_and_the_chosen_path() -> None:
    page = "".join(run_page(tree_run(6)))
    tree = page[page.index("<svg class=") : page.index('<div class="panel"')]
    nodes = re.findall(r'<a class="([^"]*)" href="#c-([^"]*)"', tree)
    assert {id: kind for kind, id in nodes} == {
        "0.0": "failed",
        "0.1": "failed",
        "1.0": "failed lost",
        "2.0": "failed",
        "3.0": "failed",
        "4.0": "passed chosen",
    }
    assert tree.count('class="edge') == 6
    assert tree.count('class="edge way"') == 4
    assert tree.count('class="edge lost"') == 1
    assert set(re.findall(r'class="by"[^>]*>([^<]*)<', tree)) == {"solve", "repair"}


def test_every_candidate_can_be_read_without_scripts() -> None:
    result = tree_run(6)
    page = "".join(run_page(result))
    listed = shown(page[page.index('id="candidates"') :])
    for candidate in result.candidates:
        assert f"c-{candidate.id}" in read(page).ids
        assert f"# attempt {candidate.id}" in listed
    assert "Use 0 for a missing neighbour." in listed
    assert "f(2) == 2" in listed


@pytest.mark.parametrize("count", [1, 6, 100])
def test_every_link_of_a_page_has_its_target(count: int) -> None:
    page = "".join(run_page(tree_run(count), prompt="Write f(x)."))
    tags = read(page)
    assert set(tags.links) <= set(tags.ids)
    assert len(tags.ids) == len(set(tags.ids))


def test_ids_of_several_runs_in_one_page_are_different() -> None:
    runs = [run_line(str(number)) for number in range(3)]
    tags = read("".join(evaluation_page(summarise(runs), runs, title="x")))
    assert set(tags.links) <= set(tags.ids)
    assert len(tags.ids) == len(set(tags.ids))


def test_a_page_shows_what_changed() -> None:
    page = "".join(run_page(refined_run()))
    assert re.search(r'class="gone">- .*return</span> -x', page)
    assert re.search(r'class="come">\+ .*return</span> x', page)


def test_only_lines_near_a_change_are_shown() -> None:
    before = "\n".join(f"a = {number}" for number in range(20))
    block = changes_block(before, before.replace("a = 19", "b = 19"), "words")
    assert "⋯ 16 unchanged lines" in block
    assert block.count("\n") < 10
    assert "Nothing was changed" in changes_block(before, before, "words")


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


@given(st.text(alphabet=st.sampled_from("ab'\"#\\\n\r\t (<&"), max_size=60))
def test_syntax_colours_keep_every_line(source: str) -> None:
    lines = code_lines(source, "python")
    plain = [re.sub(r"<[^>]+>", "", line) for line in lines]
    assert plain == list(code_lines(source, "words"))


def test_programs_have_syntax_colours() -> None:
    block = "\n".join(code_lines(PROGRAM, "python"))
    assert '<span class="k">def</span>' in block
    assert '<span class="f">f</span>' in block


def test_a_notebook_gets_the_run_without_scripts() -> None:
    shown_run = "".join(run_fragment(tree_run(100)))
    assert read(shown_run).scripts == 0
    assert "<noscript" not in shown_run
    assert "# attempt 0.0" in shown(shown_run)


def trees(sizes: list[int]) -> dict[str, list[str]]:
    """Return a tree in which node k is a child of the node named by the k-th number."""
    children: dict[str, list[str]] = {ROOT: []}
    for number, size in enumerate(sizes):
        parent = ROOT if not number or size % (number + 1) == number else str(size % number)
        children.setdefault(parent, []).append(str(number))
    return children


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60),
    st.sampled_from([60, 200, 1_000]),
)
def test_nodes_of_a_tree_do_not_overlap_and_follow_their_parent(
    sizes: list[int], drawn_as: int
) -> None:
    children = trees(sizes)
    scale = scale_for(drawn_as, label_length=7, name_length=6)
    spots = place_nodes(children, scale)
    assert len(spots) == len(sizes) + 1
    assert len(set(spots.values())) == len(spots)
    for parent, below in children.items():
        assert all(spots[child].x > spots[parent].x for child in below)
    assert all(spot.x >= scale.node_width / 2 and spot.y > 0 for spot in spots.values())


def test_a_chain_of_thousands_has_a_layout() -> None:
    children = {ROOT: ["0"], **{str(number): [str(number + 1)] for number in range(5_000)}}
    spots = place_nodes(children, scale_for(5_000, label_length=5, name_length=5))
    assert len(spots) == 5_002


def test_a_replay_follows_the_run() -> None:
    index = RunIndex.of(tree_run(6))
    replay = replay_of(index)
    for candidate in index.result.candidates:
        assert replay.born[candidate.id] < replay.judged[candidate.id]
        for parent in candidate.parents:
            assert replay.judged[parent] < replay.born[candidate.id]
    words = [step.words for step in replay.steps]
    assert words[0] == "take 2 samples"
    assert "rejected: it lost test 1" in words
    assert words[-1].startswith("chosen: ")


def test_a_replay_knows_the_seconds_of_a_run_that_was_timed() -> None:
    steps = replay_of(RunIndex.of(refined_run())).steps
    seconds = [step.seconds for step in steps]
    assert None not in seconds
    assert seconds == sorted(second for second in seconds if second is not None)


def unexecuted(result: rg.RefinementResult) -> rg.RefinementResult:
    """Return the run as it would have ended if the sandbox had failed."""
    verdict = Verdict(
        passed=False,
        status="sandbox_error",
        tests=(CaseOutcome(id="1", status="not_run"),),
        isolation=Isolation(tier="none"),
        detail="the sandbox itself failed",
    )
    candidates = tuple(
        candidate.model_copy(update={"verdict": verdict}) for candidate in result.candidates
    )
    return result.model_copy(update={"solved": False, "candidates": candidates})


def test_nothing_that_was_not_executed_is_called_refuted() -> None:
    result = unexecuted(refined_run())
    assert outcome_word(result) == "unverified"
    page = "".join(run_page(result))
    body = page[page.index("<body") : page.index("<script>")]
    assert "Unverified: its tests could not be run" in body
    assert "The tests did not run: the sandbox itself failed" in body
    assert "refuted" not in body
    assert 'class="bad"' not in body
    assert "refuted" not in str(summary_view(result))
    assert all(verdict_words(candidate) == "not run" for candidate in result.candidates)
    assert {candidate.failed for candidate in report(result).candidates} == {None}


def test_the_report_names_what_no_figure_counts() -> None:
    runs = [run_line("one")]
    error = RunError(kind="unexpected", type="KeyError", detail="x")
    lines = [error_line(("two", "self-refine"), error, rg.Usage())]
    left_out = [LeftOut(problem_id=HOSTILE, reason="it fails")]
    summary = summarise(runs, errors=lines, left_out=left_out)
    page = "".join(evaluation_page(summary, runs, title="t"))
    assert "1 run of self-refine failed" in page
    assert "it fails" in page
    assert read(page).scripts == 1


def two_strategies(count: int, *, better: int) -> list[str]:
    """Return the conclusions on two strategies, one of which solves more problems."""
    lines = [run_line(str(number), strategy="weak", right=False) for number in range(1)]
    runs = [
        lines[0].model_copy(
            update={"problem_id": str(number), "strategy": name, "correct": correct}
        )
        for number in range(count)
        for name, correct in (("weak", number >= better), ("strong", True))
    ]
    return list(conclusions(summarise(runs)))


def test_conclusions_say_what_is_significant_and_what_is_not() -> None:
    assert (
        "strong is significantly more accurate than weak (50.0 points, n = 40, p = less than "
        in (" ".join(two_strategies(40, better=20)))
    )
    words = " ".join(two_strategies(40, better=3))
    assert (
        "their outcomes differ on 3 of 40, and a significant difference takes at least 6" in words
    )
    words = " ".join(two_strategies(40, better=0))
    assert "strong and weak were right on exactly the same problems (n = 40)" in words


def test_small_samples_are_hidden_and_the_page_says_so() -> None:
    runs = [run_line(str(number)) for number in range(3)]
    page = "".join(evaluation_page(summarise(runs), runs, title="t"))
    assert "With n = 3 these shares are uncertain" in page
    assert "Histograms are shown from 20 runs on" in page
    assert "Shares without a count are shown from 30 problems on" in page


@given(st.lists(st.none() | st.floats(0, 1), max_size=8))
def test_corrected_p_values_are_never_smaller(values: list[float | None]) -> None:
    corrected = holm(values)
    pairs = [
        (raw, fixed)
        for raw, fixed in zip(values, corrected, strict=True)
        if raw is not None and fixed is not None
    ]
    assert len(pairs) == sum(value is not None for value in values)
    assert all(raw <= fixed <= 1 for raw, fixed in pairs)
    ordered = [fixed for _, fixed in sorted(pairs)]
    assert ordered == sorted(ordered)


def test_the_plot_has_axes_a_legend_and_a_colour_for_each_strategy() -> None:
    points = [Point(f"s{number}", 100 * (number + 1), 0.5, 0.4, 0.6) for number in range(10)]
    plot = accuracy_plot(points)
    assert plot.count("tokens per problem (logarithmic)") == 2
    assert plot.count(">accuracy</text>") == 2
    legend = plot[plot.index('<ul class="legend">') :]
    symbols = re.findall(r'style="(--series:var\(--s\d\))"><?(\w*[^ ]*) ', legend)
    assert len(symbols) == len(points)
    drawn = re.findall(r"<li><svg[^>]*(--series:var\(--s\d\))[^>]*>(.*?)</svg>", legend)
    assert len(set(drawn)) == len(points)
    assert accuracy_plot([]) == ""


def test_many_runs_are_packed_and_can_be_unpacked() -> None:
    line = run_line("one")
    runs = [
        line.model_copy(update={"problem_id": f"p{number}"}) for number in range(PLAIN_RUNS + 30)
    ]
    page = "".join(evaluation_page(summarise(runs), runs, title="t"))
    rows = [json.loads(row) for row in re.findall(r'class="rows">(.*?)</script>', page)]
    assert [row[0] for chunk in rows for row in chunk] == [f"p{PLAIN_RUNS + k}" for k in range(30)]
    chunks = re.findall(r'class="chunk" data-first="(\d+)">(.*?)</script>', page)
    assert [int(first) for first, _ in chunks] == [PLAIN_RUNS, PLAIN_RUNS + 25]
    parts = json.loads(gzip.decompress(base64.b64decode(chunks[1][1])))
    assert len(parts) == 5
    assert f'id="r{PLAIN_RUNS + 29}-c-0.0"' in parts[-1]
    assert page.count('<tr data-run="') == PLAIN_RUNS
    assert f"the first {PLAIN_RUNS} of {PLAIN_RUNS + 30} runs are shown" in page


def test_an_evaluation_names_its_dataset_models_and_date() -> None:
    settings = EvaluationSettings(
        version="",
        code="",
        dataset="/data/humaneval.jsonl",
        dataset_digest="",
        strategies=("single",),
        models=("a", "", "a", ""),
        options=RunOptions(),
    )
    facts = evaluation_facts(settings, finished=0)
    assert facts == ("model a", "1 January 1970, 00:00 UTC")
    assert evaluation_title(settings) == "single on humaneval.jsonl"


def test_rejections_without_a_reason_are_named() -> None:
    result = tree_run(6)
    rejected = tuple(
        RejectedRefinement(candidate_id=lost.candidate_id, parent_id=lost.parent_id)
        for lost in result.rejected
    )
    page = "".join(run_page(result.model_copy(update={"rejected": rejected})))
    assert "Rejected: it lost something that its parent had" in page


def test_a_run_of_an_evaluation_says_what_the_hidden_tests_found() -> None:
    result = tree_run(6)
    wrong = "".join(run_parts(result, judged={"4.0": False}))
    assert "By what was hidden from the agents, the answer is wrong." in wrong
    assert "hidden from the agents" not in "".join(run_parts(result))
    unchecked = tuple(
        candidate.model_copy(update={"verdict": None}) for candidate in result.candidates
    )
    judged = {candidate.id: candidate.id == "4.0" for candidate in unchecked}
    parts = "".join(run_parts(result.model_copy(update={"candidates": unchecked}), judged=judged))
    assert "✓ right" in parts
    assert "✗ wrong" in parts
    assert "fails a test" not in parts
