"""METEOR of equal words (Banerjee and Lavie 2005)."""

from collections import defaultdict

# The parameters of the first METEOR: recall counts nine times as much as precision, and the
# penalty for scattered matches is at most a half.
_RECALL_WEIGHT = 9
_MOST_PENALTY, _PENALTY_POWER = 0.5, 3


def meteor(candidate: str, reference: str) -> float:
    """Return METEOR of a text against a reference, in 0 to 1, by equal words alone.

    Every word is matched with the next free place after the last match, or with the first free
    one, which keeps runs of words together.

    >>> round(meteor("the cat sat", "the cat sat"), 3), meteor("a", "b")
    (0.981, 0.0)
    """
    words, others = candidate.lower().split(), reference.lower().split()
    places = _matched(words, others)
    matches = [place for place in places if place is not None]
    if not matches:
        return 0.0
    precision, recall = len(matches) / len(words), len(matches) / len(others)
    weight = _RECALL_WEIGHT
    score = (1 + weight) * precision * recall / (recall + weight * precision)
    penalty = _MOST_PENALTY * (_chunks(places) / len(matches)) ** _PENALTY_POWER
    return score * (1 - penalty)


def _matched(words: list[str], others: list[str]) -> list[int | None]:
    free: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(others):
        free[word].append(place)
    found: list[int | None] = []
    last = -1
    for word in words:
        open_places = free.get(word)
        if not open_places:
            found.append(None)
            continue
        place = next((place for place in open_places if place > last), open_places[0])
        open_places.remove(place)
        found.append(place)
        last = place
    return found


def _chunks(places: list[int | None]) -> int:
    """Return into how many unbroken runs of both texts the matches fall."""
    chunks, before = 0, None
    for place in places:
        if place is not None and (before is None or place != before + 1):
            chunks += 1
        before = place
    return chunks
