"""The exact lines of an answer that form the program."""

# ruff: noqa: E501

from typing import NamedTuple

import pytest

from refinegraph.tools.programs import complete_program, extract_program

ADD = "def add(a, b):\n    return a + b"
HEADER = 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n'


class Case(NamedTuple):
    """An answer, the requested function, and the program in the answer, or None."""

    id: str
    text: str
    entry_point: str | None
    preamble: str
    source: str | None


CASES = [
    Case('two_salvage', 'Prose.\ndef add(a, b):\n    return a + b\nmore prose here\nx = 1\nthe end is near', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('mistake_inside_last', 'def add(a, b):\n    return a + b\n\ndef g():\n    x = = 1\n    y = 2\n', 'add', '', 'def add(a, b):\n    return a + b\n'),
    Case('mistake_one_line_left', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1\n    x = = 1', 'add', '', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1'),
    Case('broken_off', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1\n    x = (1,', 'add', '', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1'),
    Case('broken_off_string', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1\n    x = """abc', 'add', '', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1'),
    Case('decorated_mistake', 'def add(a, b):\n    return a + b\n\n@d\ndef g():\n    y = 1\n    x = = 1\n    z = 3\n    return z\n', 'add', '', 'def add(a, b):\n    return a + b\n'),
    Case('mistake_then_unindented', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1\n    x = = 1\nz = 3\n', 'add', '', 'def add(a, b):\n    return a + b\n\ndef g():\n    y = 1'),
    Case('body', '    return sum(xs)\n\n\nprint(undefined_name)\n', 'total', HEADER, 'from typing import List\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n    return sum(xs)'),
    Case('body_helper_chain', '    return g(xs)\n\n\ndef g(x):\n    return h(x)\n\n\ndef h(x):\n    return sum(x)\n\n\nunused = 1\n', 'total', HEADER, 'from typing import List\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n    return g(xs)\n\ndef g(x):\n    return h(x)\n\ndef h(x):\n    return sum(x)'),
    Case('body_attr', '    return total.start + sum(xs)\n\n\ntotal.start = 0\n\n\nother.start = 1\n', 'total', HEADER, 'from typing import List\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n    return total.start + sum(xs)\n\ntotal.start = 0'),
    Case('body_unindented_two', 's = sum(xs)\nreturn s', 'total', HEADER, 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n    s = sum(xs)\n    return s'),
    Case('body_then_prose', "    return sum(xs)\n\nThat's it.", 'total', HEADER, 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    """Sum."""\n    return sum(xs)\n\n'),
    Case('body_tab_header', '\treturn sum(xs)', 'total', 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n\t"""Sum."""\n', 'from typing import List\n\n\ndef total(xs: List[int]) -> int:\n\t"""Sum."""\n\treturn sum(xs)'),
    Case('stub_header_repeated', '```python\ndef total(xs):\n    def total(xs):\n        return 1\n```', 'total', HEADER, 'def total(xs):\n    def total(xs):\n        return 1'),
    Case('joined', '```python\nimport math\n```\n```python\nunused = 2\n```\n```python\ndef add(a, b):\n    return math.floor(a + b)\n```', 'add', '', 'import math\n\ndef add(a, b):\n    return math.floor(a + b)\n'),
    Case('joined_chain', '```python\nimport math\n```\n```python\ndef g(x):\n    return math.floor(x)\n```\n```python\ndef add(a, b):\n    return g(a + b)\n```', 'add', '', 'import math\n\ndef g(x):\n    return math.floor(x)\n\ndef add(a, b):\n    return g(a + b)\n'),
    Case('joined_dup', '```python\ndef g(x):\n    return 1\ndef add(a, b):\n    return 0\n```\n```python\ndef add(a, b):\n    return g(a + b)\n```', 'add', '', 'def add(a, b):\n    return g(a + b)'),
    Case('future', '```python\nfrom __future__ import annotations\nimport os\ndef add(a: Optional[int], b):\n    return a + b\n```', 'add', 'import math\nfrom math import *\nK = 3\nimport json\n', 'from __future__ import annotations\nfrom typing import Optional\nfrom math import *\nK = 3\nimport os\ndef add(a: Optional[int], b):\n    return a + b'),
    Case('preamble_pieces', '```python\ndef total(xs):\n    return twice(K)\n```', 'total', 'import math\nimport json\n\nK = math.pi\n\n\ndef twice(x):\n    return 2 * x\n\n\ndef stub():\n    pass\n\n\ndef total(xs):\n', 'import math\n\n\nK = math.pi\ndef twice(x):\n    return 2 * x\n\n\ndef total(xs):\n    return twice(K)'),
    Case('class_no_arg', '```python\nclass S:\n    def __init__(self, k=1):\n        self.k = k\n    def add(self, a, b):\n        return a + b\n```', 'add', '', 'class S:\n    def __init__(self, k=1):\n        self.k = k\n    def add(self, a, b):\n        return a + b\n\n\ndef add(*args, **kwargs): return S().add(*args, **kwargs)\n'),
    Case('class_args', '```python\nclass S:\n    def __init__(self, k):\n        self.k = k\n    def add(self, a, b):\n        return a + b\n```', 'add', '', None),
    Case('class_kw', '```python\nclass S:\n    def __init__(self, *, k):\n        self.k = k\n    def add(self, a, b):\n        return a + b\n```', 'add', '', None),
    Case('method_vs_stub', '```python\nclass S:\n    def add(self, a, b):\n        return a + b\n```\n```python\ndef add(a, b):\n    pass\n```', 'add', '', 'class S:\n    def add(self, a, b):\n        return a + b\n\n\ndef add(*args, **kwargs): return S().add(*args, **kwargs)\n'),
    Case('real_before_stub', "```python\ndef add(a, b):\n    return a + b\n```\n```python\ndef add(a, b):\n    'docs'\n```", 'add', '', 'def add(a, b):\n    return a + b'),
    Case('value_not_callable', '```python\nadd = 3\n```', 'add', '', None),
    Case('import_not_def', '```python\nfrom operator import add\n```', 'add', '', None),
    Case('lambda', '```python\nadd = lambda a, b: a + b\n```', 'add', '', 'add = lambda a, b: a + b'),
    Case('assigned_name', '```python\ndef plus(a, b):\n    return a + b\nadd = plus\n```', 'add', '', 'def plus(a, b):\n    return a + b\nadd = plus'),
    Case('in_try', '```python\ntry:\n    import x\nexcept ImportError:\n    def add(a, b):\n        return 0\n```', 'add', '', 'try:\n    import x\nexcept ImportError:\n    def add(a, b):\n        return 0'),
    Case('longest_def', "```python\ndef a():\n    return 1\n```\n```python\ndef b():\n    x = 1\n    return x\n```\n```python\nx = 1\ny = 2\nz = 3\nprint(x, y, z, 'long long long')\n```", None, '', 'def b():\n    x = 1\n    return x'),
    Case('not_tests', '```python\ndef a():\n    return 1\n```\n```python\ndef test_b():\n    x = 1\n    assert x == a()\n```', None, '', 'def a():\n    return 1'),
    Case('script', 'Sure\n```python\nprint(1)\n``````python\nx = input()\nprint(x)\n```', None, '', 'x = input()\nprint(x)'),
    Case('wrong_tag_and_python', '```js\nconst x = 1;\n```\n```python\ndef add(a, b):\n    return a + b\n```', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('only_wrong_tag', '```text\ndef add(a, b):\n    return a + b\n```', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('python_tag_wins_over_later_js', '```python\ndef add(a, b):\n    return a + b\n```\n```js\ndef add(a, b):\n    return a - b\n```', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('fullwidth_no_fence', 'def add（a, b）：\n    return a ＋ b', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('fullwidth_salvage', 'Prose。\ndef add（a, b）：\n    return a ＋ b\nmore prose。', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('indent_all', '    def add(a, b):\n        return a + b', 'add', '', 'def add(a, b):\n    return a + b'),
    Case('transcript_text', 'Try:\n>>> x = 1\nshown\n>>> def add(a, b):\n...     return a + b\n...\n>>> add(1, 2)\n3', 'add', '', 'x = 1\ndef add(a, b):\n    return a + b\n\nadd(1, 2)\n'),
    Case('walrus', '```python\nif (add := lambda a, b: a + b):\n    pass\n```', 'add', '', 'if (add := lambda a, b: a + b):\n    pass'),
    Case('empty_fences', '```\n```\ndef add(a, b):\n    return a + b', 'add', '', 'def add(a, b):\n    return a + b'),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_program_is_cut_out_and_completed_exactly(case: Case) -> None:
    found = extract_program(case.text, entry_point=case.entry_point, preamble=case.preamble)
    assert found.source == case.source
    assert (found.problem is None) == (case.source is not None)


def test_complete_program_leaves_alone_what_needs_nothing_or_does_not_parse() -> None:
    assert complete_program(ADD, entry_point="add") == ADD
    assert complete_program("def (", entry_point="add") == "def ("
    assert complete_program("K = 2", preamble="import math\nL = 3") == "L = 3\n\n\nK = 2"
