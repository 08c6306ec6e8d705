"""Pages in a real browser: scripts, keys, widths, and axe-core's rules."""

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pages_data import HOSTILE, run_line, tree_run

from refinegraph.evaluation.summary import summarise
from refinegraph.html.evaluation import evaluation_page
from refinegraph.html.run import run_page
from refinegraph.html.run_table import PLAIN_RUNS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("REFINEGRAPH_CHROMIUM") or shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

Scheme = Literal["light", "dark"]
Opened = Callable[..., Any]


@pytest.fixture(scope="module", name="browser")
def _browser() -> Generator["Browser"]:
    """Start one browser for all tests, because starting takes longer than any of them."""
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(name="opened")
def _opened(browser: "Browser", tmp_path: Path) -> Generator[Opened]:
    """Open pages; a console message, an error or a request fails the test."""
    messages: list[str] = []

    @contextmanager
    def opened(
        html: str, *, width: int = 1200, scheme: Scheme = "light", scripts: bool = True
    ) -> Generator["Page"]:
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: messages.extend(_of_network(request.url)))
        page.goto(file.as_uri())
        yield page
        context.close()

    yield opened
    assert messages == []


def _of_network(url: str) -> list[str]:
    return [] if url.startswith("file:") else [url]


@cache
def run_html(count: int = 6) -> str:
    return "".join(run_page(tree_run(count), prompt="Write f(x).", finished=0))


@cache
def evaluation_html(count: int = 6) -> str:
    """Return the page of two strategies on problems whose texts try to inject scripts."""
    weak, strong = run_line("a", right=False), run_line("b")
    runs = [
        line.model_copy(update={"problem_id": f"p{number}", "strategy": name})
        for number in range(count // 2)
        for name, line in (("weak", weak), ("strong", strong))
    ]
    return "".join(evaluation_page(summarise(runs), runs, title=HOSTILE))


def selected(page: "Page") -> str:
    return page.locator(".tree a[aria-current=true]").get_attribute("data-id") or ""


def test_keys_move_through_the_tree(opened: Opened) -> None:
    with opened(run_html()) as page:
        assert selected(page) == "4.0"
        assert "chosen" in page.locator(".panel h3").inner_text()
        page.locator(".tree a[aria-current=true]").focus()
        page.keyboard.press("ArrowLeft")
        assert selected(page) == "3.0"
        page.keyboard.press("ArrowRight")
        assert selected(page) == "4.0"
        page.keyboard.press("Home")
        assert selected(page) == "0.0"
        page.keyboard.press("ArrowDown")
        assert selected(page) == "0.1"
        assert "# attempt 0.1" in page.locator(".panel").inner_text()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.className") == "panel"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.dataset.id") == "0.1"


def test_a_click_shows_a_candidate_and_its_tabs(opened: Opened) -> None:
    with opened(run_html()) as page:
        page.locator('.tree a[data-id="1.0"]').click()
        panel = page.locator(".panel")
        assert "rejected" in panel.locator("h3").inner_text()
        panel.get_by_role("tab", name="Changes").click()
        assert "Rejected: it lost test 1" in panel.inner_text()
        assert "Use 0 for a missing neighbour." in panel.inner_text()
        page.keyboard.press("ArrowRight")
        assert panel.get_by_role("tab", selected=True).inner_text().startswith("Tests")
        page.locator('.tree a[data-id="0.0"]').click()
        assert panel.get_by_role("tab", selected=True).inner_text().startswith("Tests")
        panel.get_by_role("tab", name="Review").click()
        assert "The reviewer found a fault." in panel.inner_text()


def test_the_slider_replays_the_run(opened: Opened) -> None:
    with opened(run_html()) as page:
        slider = page.get_by_role("slider")
        slider.focus()
        page.keyboard.press("Home")
        assert page.locator(".tree a.unborn").count() == 6
        assert page.locator(".replay output").inner_text() == "Step 1 of 19 · take 2 samples"
        page.keyboard.press("ArrowRight")
        assert page.locator(".tree a.unborn").count() == 5
        assert page.locator(".tree a.unjudged").count() == 6
        page.keyboard.press("End")
        assert page.locator(".tree a.unborn, .tree a.unjudged").count() == 0
        assert page.locator("svg.tree.final").count() == 1


def test_space_plays_the_run_to_its_end(opened: Opened) -> None:
    with opened(run_html()) as page:
        page.get_by_role("slider").focus()
        page.keyboard.press("Home")
        page.keyboard.press("Space")
        page.get_by_text("Step 3 of 19").wait_for()
        page.keyboard.press("Space")
        assert page.get_by_role("button", name="Replay").count() == 1


def test_a_page_is_of_use_without_scripts(opened: Opened) -> None:
    with opened(run_html(), scripts=False) as page:
        assert page.get_by_role("slider").count() == 0
        page.locator("#c-4\\.0 summary").first.click()
        assert "# attempt 4.0" in page.locator("#c-4\\.0").inner_text()
    with opened(evaluation_html(), scripts=False) as page:
        page.locator("#run-1 > summary").click()
        assert "How the run got there" in page.locator("#run-1").inner_text()


def test_a_large_run_is_read_when_it_is_opened(opened: Opened) -> None:
    with opened(run_html(400)) as page:
        assert page.evaluate("document.querySelectorAll('*').length") < 8_000
        page.locator(".tree a[aria-current=true]").focus()
        page.keyboard.press("Home")
        assert "# attempt 0.0" in page.locator(".panel").inner_text()
        page.get_by_text("400 candidates", exact=True).click()
        page.locator("#c-1\\.0 summary").first.click()
        assert "# attempt 1.0" in page.locator("#c-1\\.0").inner_text()


def test_runs_are_found_sorted_and_opened(opened: Opened) -> None:
    with opened(evaluation_html(2 * PLAIN_RUNS + 60), width=900) as page:
        rows, shown = page.locator("#all-runs tbody tr"), page.locator("#shown")
        assert shown.inner_text() == "1–50 of 160 runs"
        page.get_by_role("button", name="Next →").click()
        assert shown.inner_text() == "51–100 of 160 runs"
        page.get_by_label("Outcome").select_option("wrong")
        assert shown.inner_text() == "1–50 of 80 runs"
        page.get_by_label("Find").fill("p7")
        assert shown.inner_text() == "1–11 of 11 runs"
        page.get_by_role("button", name="Problem").click()
        page.get_by_role("button", name="Problem").click()
        assert rows.first.locator("a").inner_text() == "p79"
        rows.first.locator("a").click()
        viewer = page.locator("dialog")
        viewer.locator(".panel h3").wait_for()
        assert "p79 · weak · wrong" in viewer.inner_text()
        viewer.get_by_role("button", name="Next →").click()
        viewer.get_by_text("p78 · weak · wrong").wait_for()
        page.keyboard.press("Escape")
        viewer.wait_for(state="hidden")


def test_a_link_to_a_run_opens_it(opened: Opened) -> None:
    with opened(evaluation_html()) as page:
        page.goto(f"{page.url}#run-3")
        page.reload()
        page.locator("dialog .panel h3").wait_for()
        assert "p1 · strong · right" in page.locator("dialog").inner_text()


@pytest.mark.parametrize("width", [390, 768, 1920])
def test_pages_are_no_wider_than_the_screen(opened: Opened, width: int) -> None:
    for html in (run_html(), run_html(400), evaluation_html()):
        with opened(html, width=width) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_labels_of_the_plot_can_be_read_on_a_phone(opened: Opened) -> None:
    with opened(evaluation_html(), width=390) as page:
        heights = page.locator("svg.narrow text").evaluate_all(
            "each => each.map(one => one.getBoundingClientRect().height)"
        )
        sideways = page.locator("svg.narrow text").evaluate_all(
            "each => each.map(one => one.getBoundingClientRect().width)"
        )
        assert min(map(max, zip(heights, sideways, strict=True))) >= 11


AXE = files(pytest.importorskip("axe_playwright_python")).joinpath("axe.min.js")


def violations(page: "Page") -> list[str]:
    """Return the violations that axe-core finds, as `rule: element`."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_a_run(opened: Opened, scheme: Scheme) -> None:
    with opened(run_html(), scheme=scheme) as page:
        page.locator("details:not([open]) > summary").evaluate_all(
            "each => each.forEach(one => one.click())"
        )
        page.locator('.tree a[data-id="1.0"]').click()
        page.get_by_role("tab", name="Changes").click()
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_an_evaluation(opened: Opened, scheme: Scheme) -> None:
    with opened(evaluation_html(), scheme=scheme, width=390) as page:
        assert violations(page) == []
        page.locator("#all-runs tbody a").first.click()
        page.locator("dialog .panel h3").wait_for()
        assert violations(page) == []
