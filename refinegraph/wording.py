"""Words that the graph and its readers share, so that a count reads the same everywhere."""


def all_visible_tests(count: int) -> str:
    """Return how to call all visible tests of a problem.

    >>> all_visible_tests(3), all_visible_tests(1)
    ('all 3 visible tests', 'the one visible test')
    """
    return "the one visible test" if count == 1 else f"all {count} visible tests"
