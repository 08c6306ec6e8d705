"""Programs and final answers in the prose, the fences and the slips that models put around them."""

# ruff: noqa: E501

import random
from collections.abc import Iterator, Sequence

from refinegraph.schema import Kind
from refinegraph.tools.answers import answer_key, choice_options, extract_answer
from refinegraph.tools.answers.claims import claims
from refinegraph.tools.loose_json import json_objects
from refinegraph.tools.programs import extract_program, infer_entry_point, program_fingerprint
from refinegraph.tools.steps import split_steps

WHOLE = "def area(w, h):\n    return scaled(w) * h"
HELPER = "FACTOR = 2\n\n\ndef scaled(w):\n    return FACTOR * w"
PARTS: Sequence[str] = (
    WHOLE,
    HELPER,
    f"{HELPER}\n\n\n{WHOLE}",
    "    return w * h",
    "import math\nfrom collections import Counter",
    "def area(w, h):\n    pass",
    "class Solution:\n    def area(self, w, h):\n        return w * h",
    "@staticmethod\ndef area(w: int, h: List[int]) -> int:\n    '''Area.'''\n    return w * sum(h)",
    "print(area(2, 3))",
    "assert area(2, 3) == 12",
    ">>> area(2, 3)\n12",
    "w = int(input())\nprint(w * 2)",
    "if __name__ == '__main__':\n    print(area(1, 2))",
    "def area(w, h):\n    return w *\n",
    "async def area(w, h):\n    return w",
    "area = lambda w, h: w * h",
)
OPENINGS = (
    "```python\n",
    "```\n",
    "~~~py\n",
    "``` Python title='a.py'\n",
    "   ```python\n",
    "",
    "````\n",
    "> ```\n",
)
ENDS = ("\n```", "\n~~~", "", "\n   ```", "\n````", "```")
PROSE = (
    "Here is the function:",
    "We multiply w by h, and so on.",
    "def is a keyword; return gives the value.",
    "1. First, scale.\n2. Then multiply.",
    "",
    "Example: `area(2, 3)` returns 12.",
)
PREAMBLES = (
    "",
    "import math\n\n\ndef area(w, h):\n    '''Return the area.'''\n",
    "from typing import List\n\nSIDE = 3\n\ndef area(w: int, h: int) -> int:\n",
)
PROGRAMS = 240
LEADS = (
    "The answer is {}.", "So the total is {} dollars.", "Therefore, x = {}", "\\boxed{{{}}}", "#### {}",
    "**Answer:** {}", "Final answer: {}", "Answer: ({})", "We get {} = {}", "$${}$$", "### Answer\n{}",
    "Hence there are {} left.", "It is either {} or 7.", "Thus {}", "The answer is \\(\\boxed{{{}}}\\).",
    "**{}**", "<answer>{}</answer>", "Is it {}?", "The correct option is {}",
)  # fmt: skip
VALUES = (
    "12", "-3", "1,234.50", "3/4", "\\frac{3}{4}", "2\\sqrt{2}", "$18", "50%", "0.50", "1e3", "B", "(C)", "Paris",
    "x=5", "[1, 2)", "\\{1,2,3\\}", "1 \\text{ cm}", "3 hours", "\\frac12", "10^{6}", "\\pi/2", "2 1/2", "07",
    "(1, 2)", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "yes", "12:30", "1 000", "5.", "\u221212", "n(n+1)/2", "",
)  # fmt: skip
KINDS: tuple[Kind, ...] = ("math", "choice", "text")
ALL_KINDS: tuple[Kind, ...] = (*KINDS, "code")
OBJECTS = (
    'Sure: {"a": 1, "b": [1, 2,], } and {"c": "x}"}', "{'a': True, 'b': None}", '{"a": "it\'s"} {broken',
    '```json\n{"steps": [9, 4]}\n```', '{"a": {"b": {"c": 1}}}', "{a: 1}", '{"a": 1} // done\n{"b": 2}',
    '{"a": "line\nbreak"}', '{"a": 01}', '{"a": NaN, "b": -Infinity}', "{}", '[{"a": 1}, {"b": 2}]',
    '{"a": "\u201cquoted\u201d"}', '{\u201ca\u201d: 1}', '{"a": 1', '{"reason": "x", "score": 7} trailing }',
)  # fmt: skip
STEPS = (
    "Step 1: add.\nStep 2: divide.\n\nThe answer is 4.", "1. Add.\n2. Divide by 2.\n   Carefully.\n3. Done.",
    "First, add.\n\nThen divide.\n\n\\boxed{4}", "One line only.", "a = 1\nb = a + 2\nreturn b", "",
    "- add\n- divide\n", "Intro.\n\n1) Add.\n\n2) Divide.\n\n\n", "def f(x):\n    y = x\n    return y\n",
)  # fmt: skip


def outcomes() -> Iterator[str]:
    """Yield what is extracted from each answer."""
    for number in range(PROGRAMS):
        draw = random.Random(number)
        text, preamble = prose(draw), draw.choice(PREAMBLES)
        entry_point = draw.choice(("area", "area", None, "Solution.area"))
        found = extract_program(text, entry_point=entry_point, preamble=preamble)
        problem = found.problem.partition(": ")[0] if found.problem else ""
        yield f"{number} for {entry_point}: {found.source!r} {problem}"
        if found.source:
            yield f"{number} is {fingerprint_of(found.source)}, calls {infer_entry_point(text)}"
    for place, lead in enumerate(LEADS):
        for position, value in enumerate(VALUES):
            kind = KINDS[(place + position) % 5 % 3]
            text = (
                f"We add 3 and 4.\n{lead.format(*[value] * lead.count('{}'))}"
                if "{}" in lead
                else lead
            )
            yield f"{text!r} as {kind}: {extract_answer(text, kind=kind)!r}"
    for value in VALUES:
        keys = [answer_key(value, kind=kind, prompt="Pick.\n(A) 1\n(B) 12") for kind in KINDS]
        yield f"{value!r} is {keys}, claims {claims(value)} and {claims(value, unions=True)}"
    yield f"{choice_options('Which? (A) one (B) two' + chr(10) + 'C. three' + chr(10) + 'D) four')}"
    for text in OBJECTS:
        yield f"{text!r} has {list(json_objects(text))}"
    for text in STEPS:
        for kind in ALL_KINDS:
            steps = split_steps(text, kind=kind)
            yield f"{text!r} as {kind}: {[(step.start, step.end) for step in steps]}"


def prose(draw: random.Random) -> str:
    """Return an answer of a few parts, some in fences that do not fit."""
    shown: list[str] = []
    for _ in range(draw.randint(1, 3)):
        shown.append(draw.choice(PROSE))
        opening = draw.choice(OPENINGS[:2] if draw.random() < 0.6 else OPENINGS)
        fits = "\n```" if "```" in opening else "\n~~~" if opening else ""
        end = fits if draw.random() < 0.75 else draw.choice(ENDS)
        part = draw.choice(PARTS)
        if opening.startswith(("   ", "> ")):
            part = part.replace("\n", "\n" + opening[: len(opening) - len(opening.lstrip("> "))])
        shown.append(f"{opening}{part}{end}")
    return "\n".join(shown)


def fingerprint_of(source: str) -> str:
    """Return the start of a program's fingerprint."""
    return program_fingerprint(source)[:8]
