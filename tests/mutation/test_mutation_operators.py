"""All mutations that each operator generates, and programs without any."""

# ruff: noqa: E501

import pytest

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation import OPERATORS, mutations

CHANGES: dict[str, dict[str, list[str]]] = {
    'boundary': {
        'a = 1 < b <= c\n': ['a = 1 < b < c\n', 'a = 1 <= b <= c\n'],
        'a = b >= c > d\n': ['a = b > c > d\n', 'a = b >= c >= d\n'],
        'a = b == c\n': [],
    },
    'opposite': {
        'a = b is  not c\n': ['a = b is c\n'],
        'a = b is c in d\n': ['a = b is c not in d\n', 'a = b is not c in d\n'],
        'a = b <= c != d\n': ['a = b <= c == d\n', 'a = b > c != d\n'],
        'a = b not in c\n': ['a = b in c\n'],
    },
    'other-comparison': {
        'a = b < c\n': ['a = b == c\n', 'a = b > c\n'],
        'a = b != c\n': ['a = b < c\n', 'a = b > c\n', 'a = b is not c\n'],
        'a = b is not c\n': ['a = b != c\n'],
        'a = b not in c\n': ['a = b != c\n'],
        'a = b in c is d >= e\n': ['a = b == c is d >= e\n', 'a = b in c == d >= e\n', 'a = b in c is d <= e\n', 'a = b in c is d == e\n'],
    },
    'arithmetic': {
        'a = b * c\n': ['a = b ** c\n', 'a = b + c\n', 'a = b / c\n', 'a = b // c\n'],
        'a = (b) / (c)\n': ['a = (b) * (c)\n', 'a = (b) // (c)\n'],
        'a = b // c % d\n': ['a = b % c % d\n', 'a = b * c % d\n', 'a = b / c % d\n', 'a = b // c / d\n', 'a = b // c // d\n'],
        'a **= b\n': ['a *= b\n'],
        'a = b & c | d ^ e\n': ['a = b & c & d ^ e\n', 'a = b & c ^ d ^ e\n', 'a = b & c | d & e\n', 'a = b & c | d | e\n', 'a = b ^ c | d ^ e\n', 'a = b | c | d ^ e\n'],
        'a = b << c >> d\n': ['a = b << c << d\n', 'a = b >> c >> d\n'],
        'a = b @ c\n': [],
        'a -= b\n': ['a += b\n'],
        "a = 'é' + b\n": ["a = 'é' * b\n", "a = 'é' - b\n"],
    },
    'assignment': {
        'a += b\n': ['a = b\n'],
        'a.b = c\n': ['a.b += c\n'],
        'a[0] = b\n': ['a[0] += b\n'],
        'a, b = c\n': [],
        'a = b = c\n': [],
        'a **= b\n': ['a = b\n'],
    },
    'connective': {
        'a = b or c or d\n': ['a = b and c or d\n', 'a = b or c and d\n'],
        'a = b and c\n': ['a = b or c\n'],
        'a = android and b\n': ['a = android or b\n'],
        'a = b\n': [],
    },
    'dropped-operand': {
        'a = b and c\n': ['a = b\n', 'a = c\n'],
        'a = b or c or d\n': [],
        'a = b + c\n': ['a = b\n', 'a = c\n'],
        'a = b * 2\n': ['a = b\n'],
    },
    'negation': {
        'a = not b\n': ['a = b\n'],
        'if a:\n    b\n': ['if not (a):\n    b\n'],
        'while a < b:\n    c\n': [],
        'a = [b for b in c if d]\n': ['a = [b for b in c if not (d)]\n'],
        'assert a and b\n': ['assert not (a and b)\n'],
        'a = b if c else d\n': ['a = b if not (c) else d\n'],
    },
    'sign': {
        'a = -b\n': ['a = b\n'],
        'def f(x):\n    return x\n': ['def f(x):\n    return -x\n'],
        'f(a, b.c)\n': ['f(-a, b.c)\n'],
        'a = b\n': [],
        'a = -1\n': ['a = 1\n'],
    },
    'constant': {
        'a = 5\n': ['a = -5\n', 'a = 0\n', 'a = 1\n', 'a = 10\n', 'a = 4\n', 'a = 6\n'],
        'a = 0\n': ['a = -1\n', 'a = 1\n'],
        'a = 1\n': ['a = -1\n', 'a = 0\n', 'a = 2\n'],
        'a = -1\n': ['a = --1\n', 'a = -0\n', 'a = -2\n'],
        'a = 2.0\n': ['a = -2.0\n', 'a = 0.0\n', 'a = 1.0\n', 'a = 3.0\n'],
        'a = None\n': ["a = ''\n", 'a = 0\n', 'a = False\n', 'a = True\n', 'a = []\n'],
        "a = 'x'\n": ["a = ' '\n", "a = ''\n"],
        "a = ' x'\n": ["a = ' '\n", "a = ''\n", "a = 'x'\n"],
        "a = 'long'\n": [],
        "'x'\n": [],
        'a = True\n': ['a = False\n'],
    },
    'swapped-operands': {
        'a = b // c\n': ['a = c // b\n'],
        'a = b + c\n': [],
        'a = (b if c else d)\n': ['a = (d if c else b)\n'],
        'a = (b, c)\n': ['a = (c, b)\n'],
        'a, b = c\n': [],
        'a = b, c, d\n': [],
        'a = (b) - ((c))\n': ['a = (c) - ((b))\n'],
    },
    'called-function': {
        'a = min(b)\n': ['a = max(b)\n'],
        'a = b.strip()\n': ['a = b.lstrip()\n', 'a = b.rstrip()\n'],
        'a = b.c(d)\n': [],
        'a = int(b)\n': ['a = round(b)\n'],
        'a = é.find(b)\n': ['a = é.rfind(b)\n'],
    },
    'swapped-arguments': {
        'f(a, b,  c)\n': ['f(a, c,  b)\n', 'f(b, a,  c)\n'],
        'f(a)\n': [],
        'f(a, *b)\n': [],
        'f(*a, b)\n': [],
        'f(a, b=c)\n': [],
    },
    'dropped-argument': {
        'f(a, b, c)\n': ['f(a, b)\n'],
        'f(a)\n': [],
        'f(a=1)\n': ['f()\n'],
        'f(a, b=1, c=2)\n': ['f(a, b=1)\n', 'f(a, c=2)\n'],
        'f(*a, **b)\n': ['f(*a)\n'],
    },
    'unwrapped-call': {
        'a = f(b)\n': ['a = b\n'],
        'a = b.c(d)\n': ['a = b\n', 'a = d\n'],
        'f(b)\n': [],
        'a = f(*b)\n': [],
        'a = f(b, c)\n': [],
        'a = f(b, c=d)\n': [],
        'a = f(x for x in b)\n': [],
        'a = b.c()\n': ['a = b\n'],
    },
    'wrapped-name': {
        'a = b\n': ['a = abs(b)\n', 'a = int(b)\n', 'a = len(b)\n', 'a = list(b)\n', 'a = reversed(b)\n', 'a = set(b)\n', 'a = sorted(b)\n', 'a = str(b)\n', 'a = tuple(b)\n'],
        'b()\n': [],
        'f(b[0])\n': ['f(abs(b[0]))\n', 'f(int(b[0]))\n', 'f(len(b[0]))\n', 'f(list(b[0]))\n', 'f(reversed(b[0]))\n', 'f(set(b[0]))\n', 'f(sorted(b[0]))\n', 'f(str(b[0]))\n', 'f(tuple(b[0]))\n'],
        'a = b.c\n': [],
        'a = [b]\n': [],
    },
    'variable': {
        'def f(x, y, *, z):\n    w = x\n    return w\n': ['def f(x, y, *, z):\n    w = w\n    return w\n', 'def f(x, y, *, z):\n    w = x\n    return x\n', 'def f(x, y, *, z):\n    w = x\n    return y\n', 'def f(x, y, *, z):\n    w = x\n    return z\n', 'def f(x, y, *, z):\n    w = y\n    return w\n', 'def f(x, y, *, z):\n    w = z\n    return w\n'],
        'def f(self, x):\n    return x\n': [],
        'a = 1\nb = a\n': ['a = 1\nb = b\n'],
        'def f(x):\n    def g(y):\n        return x\n': [],
    },
    'attribute': {
        'class A:\n    def f(self):\n        self.a = self.b = self.c = 1\n        return self.b\n': ['class A:\n    def f(self):\n        self.a = self.a = self.c = 1\n        return self.b\n', 'class A:\n    def f(self):\n        self.a = self.b = self.a = 1\n        return self.b\n', 'class A:\n    def f(self):\n        self.a = self.b = self.b = 1\n        return self.b\n', 'class A:\n    def f(self):\n        self.a = self.b = self.c = 1\n        return self.a\n', 'class A:\n    def f(self):\n        self.a = self.b = self.c = 1\n        return self.c\n', 'class A:\n    def f(self):\n        self.a = self.c = self.c = 1\n        return self.b\n', 'class A:\n    def f(self):\n        self.b = self.b = self.c = 1\n        return self.b\n', 'class A:\n    def f(self):\n        self.c = self.b = self.c = 1\n        return self.b\n'],
        'class A:\n    def f(self, o):\n        self.a = self.b = 1\n        return o.a + self.d\n': ['class A:\n    def f(self, o):\n        self.a = self.a = 1\n        return o.a + self.d\n', 'class A:\n    def f(self, o):\n        self.b = self.b = 1\n        return o.a + self.d\n'],
    },
    'off-by-one': {
        'a = range(b, c)\n': ['a = range(b + 1, c)\n', 'a = range(b - 1, c)\n', 'a = range(b, c + 1)\n', 'a = range(b, c - 1)\n', 'a = range(c)\n'],
        'a = range(1, b, 2)\n': ['a = range(0, b, 2)\n', 'a = range(1, b + 1, 2)\n', 'a = range(1, b - 1, 2)\n'],
        'a = range(*b)\n': ['a = range(1, *b)\n'],
        'a = b[c:]\n': ['a = b[:]\n', 'a = b[c + 1:]\n', 'a = b[c - 1:]\n', 'a = b[c:-1]\n'],
        'a = b[:c]\n': ['a = b[1:c]\n', 'a = b[:]\n', 'a = b[:c + 1]\n', 'a = b[:c - 1]\n'],
        'a = b[1:-1]\n': ['a = b[1:]\n', 'a = b[:-1]\n'],
        'a = b[c + 1]\n': ['a = b[c + 1 + 1]\n', 'a = b[c + 1 - 1]\n'],
        'a = b[::2]\n': ['a = b[1::2]\n'],
        'a = len(b)\n': ['a = (len(b) + 1)\n', 'a = (len(b) - 1)\n'],
        'a = b[c.d:e()]\n': ['a = b[:e()]\n', 'a = b[c.d + 1:e()]\n', 'a = b[c.d - 1:e()]\n', 'a = b[c.d:]\n', 'a = b[c.d:e() + 1]\n', 'a = b[c.d:e() - 1]\n'],
        'if a < b:\n    c\n': ['if a + 1 < b:\n    c\n', 'if a - 1 < b:\n    c\n', 'if a < b + 1:\n    c\n', 'if a < b - 1:\n    c\n'],
        'a = b[c and d:]\n': ['a = b[(c and d) + 1:]\n', 'a = b[(c and d) - 1:]\n', 'a = b[:]\n', 'a = b[c and d:-1]\n'],
        'a = range(b if c else d)\n': ['a = range((b if c else d) + 1)\n', 'a = range((b if c else d) - 1)\n', 'a = range(1, b if c else d)\n'],
        'a = range(3)\n': ['a = range(1, 3)\n'],
    },
    'missing-return': {
        'def f(x):\n    g(x)\n    h(x)\n': ['def f(x):\n    g(x)\n    return h(x)\n'],
        'f(x)\n': [],
        "def f(x):\n    'docs'\n": [],
        'def f(x):\n    yield x\n': [],
        'async def f(x):\n    await x\n': [],
        'def f(x):\n    if x:\n        g(x)\n    return 1\n': ['def f(x):\n    if x:\n        return g(x)\n    return 1\n'],
    },
    'jump': {
        'for a in b:\n    continue\n': ['for a in b:\n    break\n'],
    },
    'removed': {
        'a = 1\n': ['pass\n'],
        'if a:\n    b()\nelif c:\n    d()\ne = 1\n': ['e = 1\n', 'if a:\n    b()\nelif c:\n    d()\n', 'if a:\n    b()\nelif c:\n    pass\ne = 1\n', 'if a:\n    pass\nelif c:\n    d()\ne = 1\n'],
        "'docs'\na = 1\n": ["'docs'\n"],
        'a = 1; b = 2\n': [],
        'import a\n': [],
        'for a in b:\n    del c\n    break\n': ['for a in b:\n    break\n', 'for a in b:\n    del c\n'],
    },
    'unguarded': {
        'if a:\n    b()\n    c()\nd()\n': ['b()\nc()\nd()\n'],
        'if a: b()\n': [],
        'if a:\n    b()\nelse:\n    c()\n': [],
        'if a:\n    b()\nelif c:\n    d()\n': [],
        'def f():\n    if a:\n        if b:\n            c()\n': ['def f():\n    if a:\n        c()\n', 'def f():\n    if b:\n        c()\n'],
    },
    'moved-out': {
        'for a in b:\n    c()\n    d()\ne()\n': ['for a in b:\n    c()\nd()\ne()\n'],
        'for a in b:\n    c()\n': [],
        'for a in b:\n    c()\n    break\n': [],
        'if a:\n    b()\n    c()\nelse:\n    d()\n': [],
        'with a:\n    b()\n    c()\n': ['with a:\n    b()\nc()\n'],
        'def f():\n    a()\n    b()\n': [],
    },
    'moved-in': {
        'for a in b:\n    c()\nd()\ne()\n': ['for a in b:\n    c()\n    d()\ne()\n'],
        'if a: b()\nc()\n': [],
        'if a:\n    b()\nelse:\n    c()\nd()\n': [],
        'while a:\n    b()\nimport c\n': [],
        'a()\nb()\n': [],
    },
    'swapped-statements': {
        'a()\n\nb()\nc()\n': ['a()\n\nc()\nb()\n', 'b()\n\na()\nc()\n'],
        'a()\nimport b\n': [],
        'def f(): ...\na()\n': [],
        'a(); b()\n': [],
        'if a:\n    b()\nc()\n': ['c()\nif a:\n    b()\n'],
        'a()\n# why\nb()\n': [],
    },
    'guard': {
        "def f(x, y):\n    'docs'\n    a = 1\n    return a\n": ["def f(x, y):\n    'docs'\n    if not x:\n        return ''\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not x:\n        return 0\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not x:\n        return False\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not x:\n        return None\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not x:\n        return []\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not x:\n        return x\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return ''\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return 0\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return False\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return None\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return []\n    a = 1\n    return a\n", "def f(x, y):\n    'docs'\n    if not y:\n        return y\n    a = 1\n    return a\n"],
        'def f():\n    return 1\n': [],
        'class A:\n    def f(self, x, *, k):\n        return x\n': ["class A:\n    def f(self, x, *, k):\n        if not x:\n            return ''\n        return x\n", 'class A:\n    def f(self, x, *, k):\n        if not x:\n            return 0\n        return x\n', 'class A:\n    def f(self, x, *, k):\n        if not x:\n            return False\n        return x\n', 'class A:\n    def f(self, x, *, k):\n        if not x:\n            return None\n        return x\n', 'class A:\n    def f(self, x, *, k):\n        if not x:\n            return []\n        return x\n', 'class A:\n    def f(self, x, *, k):\n        if not x:\n            return x\n        return x\n'],
    },
    'wider-except': {
        'try:\n    a()\nexcept ValueError:\n    b()\n': ['try:\n    a()\nexcept (ValueError, AttributeError):\n    b()\n', 'try:\n    a()\nexcept (ValueError, IndexError):\n    b()\n', 'try:\n    a()\nexcept (ValueError, KeyError):\n    b()\n', 'try:\n    a()\nexcept (ValueError, TypeError):\n    b()\n'],
        'try:\n    a()\nexcept OSError as e:\n    b()\n': ['try:\n    a()\nexcept (OSError, AttributeError) as e:\n    b()\n', 'try:\n    a()\nexcept (OSError, IndexError) as e:\n    b()\n', 'try:\n    a()\nexcept (OSError, KeyError) as e:\n    b()\n', 'try:\n    a()\nexcept (OSError, TypeError) as e:\n    b()\n', 'try:\n    a()\nexcept (OSError, ValueError) as e:\n    b()\n'],
        'try:\n    a()\nexcept (A, B):\n    b()\n': [],
        'try:\n    a()\nexcept:\n    b()\n': [],
    },
    'returned-value': {
        'def f(x, y):\n    return 1\n': ['def f(x, y):\n    return x\n', 'def f(x, y):\n    return y\n'],
        'def f(x):\n    return x < 1\n': ['def f(x):\n    return not (x < 1)\n'],
        'def f(x):\n    return x and 1\n': ['def f(x):\n    return not (x and 1)\n'],
        'def f(x):\n    return x\n': [],
        'def f(x):\n    return\n': [],
    },
}  # fmt: skip
CASES = [(name, source) for name, programs in CHANGES.items() for source in programs]


@pytest.mark.parametrize(("name", "source"), CASES)
def test_operator_makes_just_these_changes(name: str, source: str) -> None:
    suspects = [
        SuspectLine(path="a.py", line=line, score=1.0) for line in range(1, source.count("\n") + 1)
    ]
    operators = [operator for operator in OPERATORS if operator.name == name]
    found = [change.text for change in mutations({"a.py": source}, suspects, operators=operators)]
    assert sorted(set(found)) == CHANGES[name][source]
    assert len(found) == len(set(found))


def test_every_operator_is_shown_here_and_says_what_it_does() -> None:
    assert {operator.name for operator in OPERATORS} == set(CHANGES)
    assert all(operator.summary.endswith(".") for operator in OPERATORS)
    assert all(0 < operator.prior <= 1 for operator in OPERATORS)


@pytest.mark.parametrize(("name", "source"), CASES)
def test_a_mutation_scores_at_most_the_prior_of_its_operator(name: str, source: str) -> None:
    (operator,) = [operator for operator in OPERATORS if operator.name == name]
    suspects = [SuspectLine(path="a.py", line=line, score=0.5) for line in range(1, 9)]
    for change in mutations({"a.py": source}, suspects, operators=[operator]):
        assert 0 < change.score <= operator.prior * 0.5
        assert change.before != change.after
