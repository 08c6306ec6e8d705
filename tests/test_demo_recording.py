"""The image of the demo: an emulated terminal, and a well-formed animation."""

from xml.etree import ElementTree

from docs.recording import Frame, Screen, picture, repaired_task, shown_rows, thinned

SVG = "{http://www.w3.org/2000/svg}"
TASK = [
    "── task 1 ──",
    "write f",
    "\x1b[31m0.0\x1b[0m ✗",
    "refiner 1.0",
    "1.0 ✓",
    "  sandbox    1 run",
]


def frames(rows: list[str]) -> list[Frame]:
    return [Frame(float(count), tuple(rows[:count])) for count in range(1, len(rows) + 1)]


def test_lines_that_are_drawn_again_take_the_place_of_the_old_ones() -> None:
    screen = Screen()
    screen.write("\x1b[?25lone\r\n\x1b[36mwait\x1b[0m")
    screen.write("\x1b[2K\x1b[1A\x1b[2Kdone\nnext")
    assert screen.rows == ("done", "next")


def test_the_shortest_task_that_was_repaired_is_shown() -> None:
    easy = ["── task 1 ──", "1.0 ✓", "  sandbox    1 run"]
    shown = repaired_task(frames([*easy, *TASK, *TASK[:3], "more", *TASK[3:], "Now yours"]))
    assert shown[-1].rows == tuple(TASK)
    assert [frame.seconds for frame in shown[:2]] == [0.5, 4.5]


def test_frames_closer_than_a_step_are_one() -> None:
    close = [Frame(seconds, (str(seconds),)) for seconds in (0.01, 0.02, 0.5, 0.51)]
    assert [frame.seconds for frame in thinned(close)] == [0.02, 0.51]


def test_rows_are_shown_for_as_long_as_they_stood() -> None:
    rows = shown_rows([Frame(0, ("a", "b")), Frame(1, ("a", "c")), Frame(2, ("a",))])
    assert [(row.text, row.begin, row.end) for row in rows] == [
        ("a", 0, None),
        ("b", 0, 1),
        ("c", 1, 2),
    ]


def test_the_picture_is_well_formed_and_escapes_programs() -> None:
    rows = [*TASK, "if a < b & c: '<script>'"]
    drawn = ElementTree.fromstring(picture(shown_rows(frames(rows)), "a <demo>"))
    texts = ["".join(text.itertext()) for text in drawn.iter(f"{SVG}text")]
    assert "if a < b & c: '<script>'" in texts
    assert "a <demo>" in texts
    assert not list(drawn.iter(f"{SVG}script"))
