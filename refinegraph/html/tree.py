"""The tree of a run's candidates as a picture, with the data that its script needs to replay it."""

import json
from collections.abc import Iterator, Sequence

from refinegraph.html.page import text
from refinegraph.html.replay import Replay, replay_of
from refinegraph.html.standing import MARKS, RunIndex, State
from refinegraph.html.tree_layout import ROOT, Scale, Spot, place_nodes, scale_for
from refinegraph.schema import Candidate
from refinegraph.wording import plural

_LONGEST_NAME = 16
"""Characters of an operator's name that stand at an edge; the whole name is in the tooltip."""


def tree_parts(index: RunIndex) -> Iterator[str]:
    """Yield the picture, its legend, and the slider and panel that the page's script fills.

    Without scripts every node is a link to its candidate further down in the page.
    """
    candidates = index.result.candidates
    if not candidates:
        yield '<p class="dim">The run has no candidates.</p>\n'
        return
    replay = replay_of(index)
    label = f"tree of {plural(len(candidates), 'candidate')}"
    yield f'<div class="workspace" data-key="{text(index.key)}">\n'
    yield _controls(len(replay.steps))
    yield (
        f'<div class="split"><div class="tree-box" tabindex="0" role="region" aria-label="{label}">'
    )
    yield from _picture(index, replay, label)
    yield (
        '</div><div class="panel" tabindex="-1" role="region" aria-label="Selected candidate" '
        "hidden></div></div>\n"
    )
    yield _legend(index)
    yield (
        '<p class="keys dim" hidden><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd> move in '
        "the tree, <kbd>Enter</kbd> goes to the candidate, <kbd>Esc</kbd> back to the tree, "
        "<kbd>Space</kbd> plays the run.</p>\n"
    )
    yield f'<script type="application/json" class="steps">{_steps_json(replay)}</script></div>\n'


def _controls(steps: int) -> str:
    return (
        '<div class="replay" hidden><button type="button" class="play">▶ Replay</button>'
        f'<input type="range" min="0" max="{steps - 1}" value="{steps - 1}" '
        'aria-label="Step of the run"><button type="button" class="fit" aria-pressed="false" '
        "hidden>Whole tree</button><output></output></div>\n"
    )


def _steps_json(replay: Replay) -> str:
    """Return the steps as JSON that cannot end the element it stands in."""
    steps = [
        [step.words, step.candidate_id, None if step.seconds is None else round(step.seconds, 2)]
        for step in replay.steps
    ]
    return json_for_html(steps)


def json_for_html(value: object) -> str:
    """Return JSON that can stand in a `script` element, whatever texts it holds.

    >>> json_for_html("</script>")
    '"\\\\u003c/script>"'
    """
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return shown.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _picture(index: RunIndex, replay: Replay, label: str) -> Iterator[str]:
    children = _children(index)
    scale = _scale(index)
    spots = place_nodes(children, scale)
    width = max(spot.x for spot in spots.values()) + scale.node_width / 2 + 8
    height = max(spot.y for spot in spots.values()) + scale.row / 2 + 6
    kind = " compact" if scale.is_compact else ""
    yield (
        f'<svg class="tree final{kind}" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="group" aria-label="{label}">'
    )
    for parent, below in children.items():
        yield from _edges(index, replay, parent, below, spots, scale)
    yield _root(spots[ROOT], scale)
    for candidate in index.result.candidates:
        yield _node(index, replay, candidate, spots[candidate.id], scale)
    yield "</svg>"


def _children(index: RunIndex) -> dict[str, list[str]]:
    """Return the ids below each id; candidates without a parent are below the root."""
    children: dict[str, list[str]] = {ROOT: []}
    for candidate in sorted(index.result.candidates, key=lambda one: one.sort_key):
        parent = index.parent(candidate)
        above = parent.id if parent and parent.sort_key < candidate.sort_key else ROOT
        children.setdefault(above, []).append(candidate.id)
    return children


def _scale(index: RunIndex) -> Scale:
    candidates = index.result.candidates
    return scale_for(
        len(candidates),
        label_length=max(
            len(f"{candidate.id} {index.figure(candidate)}") for candidate in candidates
        ),
        name_length=min(_LONGEST_NAME, max(len(candidate.operator) for candidate in candidates)),
    )


def _edges(
    index: RunIndex,
    replay: Replay,
    parent: str,
    below: Sequence[str],
    spots: dict[str, Spot],
    scale: Scale,
) -> Iterator[str]:
    before = ""
    first = min((spots[id].x for id in below), default=0.0)
    for id in below:
        candidate, born = index.by_id[id], replay.born[id]
        on_the_path = id in index.path and (parent == ROOT or parent in index.path)
        # Of leaves that share a row, the first one is enough.
        if spots[id].x > first and not on_the_path:
            continue
        style = "edge"
        if id in index.rejections:
            style += " lost"
        if on_the_path:
            style += " way"
        path = _curve(spots[parent], spots[id], scale)
        yield f'<path class="{style}" data-born="{born}" d="{path}"/>'
        if scale.is_compact:
            continue
        if candidate.operator != before:
            yield _edge_name(candidate, spots[id], scale, born)
        before = candidate.operator
        yield from _further_edges(candidate, spots, scale, born)


def _further_edges(
    candidate: Candidate, spots: dict[str, Spot], scale: Scale, born: int
) -> Iterator[str]:
    """Yield lines from all parents except the first one."""
    end = spots[candidate.id]
    for other in candidate.parents[1:]:
        if other in spots:
            left, right = spots[other].x + scale.node_width / 2, end.x - scale.node_width / 2
            middle = (left + right) / 2
            yield (
                f'<path class="edge other" data-born="{born}" d="M{left:.0f} {spots[other].y:.0f}'
                f"C{middle:.0f} {spots[other].y:.0f} {middle:.0f} {end.y:.0f} {right:.0f} "
                f'{end.y:.0f}"/>'
            )


def _curve(start: Spot, end: Spot, scale: Scale) -> str:
    """Return a path that turns right after its start, so that the name above its end is free."""
    left, right = start.x + scale.node_width / 2, end.x - scale.node_width / 2
    turn = min(left + scale.turn, right)
    middle = (left + turn) / 2
    return (
        f"M{left:.0f} {start.y:.0f}C{middle:.0f} {start.y:.0f} {middle:.0f} {end.y:.0f} "
        f"{turn:.0f} {end.y:.0f}H{right:.0f}"
    )


def _edge_name(candidate: Candidate, spot: Spot, scale: Scale, born: int) -> str:
    name = candidate.operator
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return (
        f'<text class="by" data-born="{born}" x="{spot.x - scale.node_width / 2 - 6:.0f}" '
        f'y="{spot.y - 5:.0f}" text-anchor="end">{text(shown)}</text>'
    )


def _root(spot: Spot, scale: Scale) -> str:
    if scale.is_compact:
        return (
            f'<g class="root"><circle class="body" cx="{spot.x:.0f}" cy="{spot.y:.0f}" r="6"/></g>'
        )
    half = min(scale.node_width, 66) / 2
    left = spot.x + scale.node_width / 2 - 2 * half
    return (
        f'<g class="root"><rect class="body" x="{left:.0f}" y="{spot.y - 12:.0f}" '
        f'width="{2 * half:.0f}" height="24" rx="12"/>'
        f'<text x="{left + half:.0f}" y="{spot.y + 4:.0f}" text-anchor="middle">problem</text></g>'
    )


def _node(index: RunIndex, replay: Replay, candidate: Candidate, spot: Spot, scale: Scale) -> str:
    classes = " ".join(
        filter(
            None,
            (
                index.state(candidate),
                "lost" if candidate.id in index.rejections else "",
                "chosen" if index.is_chosen(candidate) else "",
            ),
        )
    )
    words = text(f"candidate {candidate.id}: {index.words(candidate)}")
    parent = index.parent(candidate)
    return (
        f'<a class="{classes}" href="#{text(index.anchor(candidate.id))}" tabindex="-1" '
        f'data-id="{text(candidate.id)}" '
        f'data-parent="{text(parent.id if parent else "")}" data-x="{spot.x:.0f}" '
        f'data-y="{spot.y:.0f}" data-born="{replay.born[candidate.id]}" '
        f'data-judged="{replay.judged[candidate.id]}"><title>{words}</title>'
        f"{_shape(index, candidate, spot, scale)}</a>"
    )


def _shape(index: RunIndex, candidate: Candidate, spot: Spot, scale: Scale) -> str:
    if scale.is_compact:
        x, y = f"{spot.x:.0f}", f"{spot.y:.0f}"
        return (
            f'<circle class="ring" cx="{x}" cy="{y}" r="7"/>'
            f'<circle class="body" cx="{x}" cy="{y}" r="4.5"/>'
        )
    width, height = scale.node_width, scale.node_height
    left, top = spot.x - width / 2, spot.y - height / 2
    return (
        f'<rect class="ring" x="{left - 4:.0f}" y="{top - 4:.0f}" width="{width + 8:.0f}" '
        f'height="{height + 8:.0f}" rx="9"/>'
        f'<rect class="body" x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" rx="6"/>'
        f'<text x="{left + 8:.0f}" y="{spot.y + 4:.0f}"><tspan class="mark">'
        f"{MARKS[index.state(candidate)]}</tspan> {text(candidate.id)}</text>"
        f'<text class="sub" x="{left + width - 7:.0f}" y="{spot.y + 4:.0f}" text-anchor="end">'
        f"{text(index.figure(candidate))}</text>"
    )


def _legend(index: RunIndex) -> str:
    shown = {index.state(candidate) for candidate in index.result.candidates}
    tested = any(candidate.verdict for candidate in index.result.candidates)
    names: dict[State, str] = {
        "passed": "passes its tests" if tested else "right",
        "failed": "fails a test" if tested else "wrong",
        "unverified": "could not be checked",
        "unchecked": "not checked",
    }
    items = [(state, f"{MARKS[state]} {words}") for state, words in names.items() if state in shown]
    boxes = [
        f'<li><svg width="20" height="14" aria-hidden="true"><rect class="swatch {state}" x="1" '
        f'y="1" width="18" height="12" rx="3"/></svg>{words}</li>'
        for state, words in items
    ]
    if index.rejections:
        boxes.append(_line_item("lost", "rejected: did not replace its parent"))
    if index.path:
        boxes.append(_line_item("way", "the path to the answer"))
    return f'<ul class="legend">{"".join(boxes)}</ul>\n'


def _line_item(style: str, words: str) -> str:
    return (
        f'<li><svg width="26" height="14" aria-hidden="true"><path class="swatch {style}" '
        f'd="M1 7H25"/></svg>{words}</li>'
    )
