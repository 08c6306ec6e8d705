"""Random arguments for the functions of tasks."""

import random
from collections.abc import Callable

from refinegraph.embedded.tasks.operation import Shape

Value = int | str | bool | list[int] | list[str] | dict[str, int]
"""The types of arguments and results."""

_WORDS: tuple[str, ...] = (
    "sun", "moon", "river", "stone", "apple", "bread", "cloud", "dog", "cat", "tree", "leaf",
    "rain", "snow", "wind", "fire", "lamp", "door", "level", "noon", "radar", "Anna", "Otto",
    "green", "blue", "red", "silver", "small", "great", "tall", "short", "salt", "sand", "wave",
    "ship", "star", "table", "chair", "paper", "train", "plane", "oil", "tea", "milk", "honey",
    "corn", "rose", "lily", "nest", "road", "hill", "lake",
)  # fmt: skip


def random_input(shape: Shape, rng: random.Random, *, edge: bool = False) -> Value:
    """Return a small value of a shape; with `edge`, an empty or nearly empty one.

    >>> len(random_input("text", random.Random(1))) > 2
    True
    """
    return (_EDGES if edge else _MAKERS)[shape](rng)


def _numbers(rng: random.Random) -> Value:
    size = rng.randint(3, 6)
    if rng.random() < 0.35:
        pool = [rng.randint(-5, 9) for _ in range(3)]
        return [rng.choice(pool) for _ in range(size)]
    low, high = rng.choice(((0, 9), (1, 12), (-9, 9)))
    return [rng.randint(low, high) for _ in range(size)]


def _number(rng: random.Random) -> Value:
    return rng.choice((rng.randint(0, 9), rng.randint(-9, 9), rng.randint(2, 60)))


def _text(rng: random.Random) -> Value:
    words = rng.choices(_WORDS, k=rng.randint(1, 3))
    return " ".join(word.capitalize() if rng.random() < 0.2 else word for word in words)


def _words(rng: random.Random) -> Value:
    words = rng.choices(_WORDS, k=rng.randint(2, 4))
    return [*words, words[0]] if rng.random() < 0.25 else words


def _table(rng: random.Random) -> Value:
    keys = rng.sample(_WORDS, rng.randint(2, 3))
    return {key: rng.randint(0, 9) for key in keys}


_MAKERS: dict[Shape, Callable[[random.Random], Value]] = {
    "numbers": _numbers,
    "number": _number,
    "text": _text,
    "words": _words,
    "table": _table,
}
_EDGES: dict[Shape, Callable[[random.Random], Value]] = {
    "numbers": lambda rng: [rng.randint(0, 9)] * rng.randint(0, 2),
    "number": lambda rng: rng.randint(0, 1),
    "text": lambda rng: rng.choice(("", "a", "noon")),
    "words": lambda rng: [rng.choice(_WORDS)] * rng.randint(0, 2),
    "table": lambda rng: {rng.choice(_WORDS): rng.randint(0, 9)},
}
