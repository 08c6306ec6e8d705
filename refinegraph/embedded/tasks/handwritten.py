"""Tasks written by hand, with names and phrases that no grammar generates.

They show how a model that was trained on composed tasks handles other wordings.
"""

from typing import NamedTuple

from refinegraph.schema import Gold, LabelledProblem, Problem


class Written(NamedTuple):
    """The source of a handwritten task."""

    name: str
    prompt: str
    """The statement, to which the examples are appended."""
    program: str
    """The body of the reference program, as one expression of the parameters."""
    examples: tuple[str, ...]
    """The arguments of the calls that the statement shows."""
    hidden: tuple[str, ...]
    """The arguments of the hidden calls."""


def spec(name: str, prompt: str, program: str, examples: str, hidden: str) -> Written:
    """Return a task; `examples` and `hidden` contain calls separated by ` ; `."""
    return Written(name, prompt, program, tuple(examples.split(" ; ")), tuple(hidden.split(" ; ")))


_TASKS = (
    spec("sum_of_evens", "Ignoring odd entries, what do the integers in xs add up to? Write "
        "sum_of_evens(xs).", "xs: sum(v for v in xs if v % 2 == 0)",
        "[1, 2, 4] ; [3, 5]", "[] ; [2, 2, 7] ; [-4, 1] ; [10]"),
    spec("shout", "Make a function shout(s) that gives the same sentence in capitals with an "
        "exclamation mark behind it.", "s: s.upper() + '!'",
        "'hi' ; 'go on'", "'' ; 'Wow' ; 'a b'"),
    spec("longest_run_name", "From a list of names, longest_name style: longest_run_name(names) "
        "hands back whichever name has most letters; on a tie the earlier one wins.",
        "names: max(names, key=len, default='')", "['Al', 'Bea'] ; ['x', 'y']",
        "['one', 'three', 'seven'] ; ['q'] ; []"),
    spec("middle_dropped", "Someone wants everything but the two outermost elements of a list. "
        "Write middle_dropped(xs) to return that inner part.", "xs: xs[1:-1]",
        "[1, 2, 3] ; [4, 5, 6, 7]", "[] ; [1] ; [1, 2] ; [9, 8, 7, 6, 5]"),
    spec("celsius_steps", "A sensor reports steps; each is worth 5 degrees above a base of 10. "
        "celsius_steps(n) converts a count of steps into degrees.", "n: 10 + 5 * n",
        "0 ; 3", "1 ; 10 ; -2"),
    spec("vowels_in", "How many vowels (a, e, i, o, u, in small letters) does word contain? Call "
        "it vowels_in(word).", "word: sum(c in 'aeiou' for c in word)",
        "'banana' ; 'sky'", "'' ; 'queue' ; 'tree'"),
    spec("mirror_words", "Each word of the list should be spelled backwards, while the order of "
        "the words stays. Name: mirror_words(ws).", "ws: [w[::-1] for w in ws]",
        "['ab', 'cde']", "[] ; ['noon'] ; ['x', 'yz', 'abc']"),
    spec("podium", "Return the three best scores, best first, with podium(scores).",
        "scores: sorted(scores, reverse=True)[:3]", "[5, 9, 1, 7] ; [2, 3]",
        "[] ; [1, 1, 1, 1] ; [10, -5, 3, 8]"),
    spec("initials_of", "initials_of(full_name) abbreviates a person: the first letter of each "
        "part, in capitals, nothing between them.",
        "full_name: ''.join(w[:1] for w in full_name.split()).upper()",
        "'ada lovelace' ; 'alan m turing'", "'x' ; '' ; 'grace brewster hopper'"),
    spec("price_total", "A shop keeps prices in a dictionary. price_total(prices) is what one of "
        "each would cost.", "prices: sum(prices.values())",
        "{'tea': 2, 'milk': 3}", "{} ; {'a': 1} ; {'x': 5, 'y': -2, 'z': 4}"),
    spec("cheap_items", "Which items cost less than 5? cheap_items(prices) lists their names in "
        "alphabetical order.", "prices: sorted(k for k, v in prices.items() if v < 5)",
        "{'tea': 2, 'wine': 9, 'bread': 4}", "{} ; {'a': 5} ; {'z': 1, 'b': 0}"),
    spec("is_countdown", "A countdown only ever goes down, by one each time. is_countdown(xs) "
        "says whether xs is such a list.", "xs: all(a - b == 1 for a, b in zip(xs, xs[1:]))",
        "[3, 2, 1] ; [3, 1]", "[] ; [5] ; [5, 4, 4] ; [2, 1, 0, -1]"),
    spec("digit_total", "Add the decimal digits of a non-negative integer: digit_total(n).",
        "n: sum(int(c) for c in str(n))", "123 ; 90", "0 ; 7 ; 999 ; 1001"),
    spec("without_first_and_sorted", "Throw the opening number away, then give what is left from "
        "small to big. Function: without_first_and_sorted(numbers).",
        "numbers: sorted(numbers[1:])",
        "[9, 3, 1] ; [4]", "[] ; [1, 2] ; [5, 5, 0, -1]"),
    spec("hashtag", "Turn a phrase into a hashtag: no blanks, every word capitalised, a # in "
        "front. hashtag(phrase)", "phrase: '#' + phrase.title().replace(' ', '')",
        "'good day' ; 'snow'", "'a b c' ; 'moon light'"),
    spec("clip_volume", "Volumes above 8 hurt, so clip_volume(levels) turns those down to 8 and "
        "leaves the others.", "levels: [min(v, 8) for v in levels]",
        "[3, 12, 8] ; [9]", "[] ; [1, 2] ; [100, -1, 8]"),
    spec("changes", "Given daily temperatures, changes(temps) tells how much warmer each day was "
        "than the one before.", "temps: [b - a for a, b in zip(temps, temps[1:])]",
        "[10, 12, 9]", "[] ; [5] ; [0, 0, 3] ; [-2, 2]"),
    spec("tag_all", "Every tag gets a trailing dash: tag_all(tags).",
        "tags: [t + '-' for t in tags]",
        "['a', 'bc']", "[] ; [''] ; ['x', 'y', 'z']"),
    spec("letters_used", "letters_used(s) counts how many different characters appear in s.",
        "s: len(set(s))", "'hello' ; 'aaa'", "'' ; 'abc' ; 'a b a'"),
    spec("double_then_drop", "Two times each element, and afterwards nothing above 10 may remain. "
        "double_then_drop(xs)", "xs: [v * 2 for v in xs if v * 2 <= 10]",
        "[1, 5, 6] ; [7]", "[] ; [5, 5] ; [-3, 0, 9]"),
    spec("short_words", "Of the words in a sentence, keep those with three letters or fewer, in "
        "order. short_words(sentence) gives a list.",
        "sentence: [w for w in sentence.split() if len(w) <= 3]",
        "'the cat sleeps' ; 'hello'", "'' ; 'a an and ands' ; 'you see me'"),
    spec("gap", "By how much does the biggest value exceed the smallest? An empty list has gap 0. "
        "gap(values)", "values: max(values, default=0) - min(values, default=0)",
        "[3, 9, 4] ; [5]", "[] ; [-1, 1] ; [2, 2]"),
    spec("seconds", "seconds(minutes) turns whole minutes into seconds.", "minutes: minutes * 60",
        "1 ; 5", "0 ; 60 ; 12"),
    spec("yes_no", "Answer 'yes' when the number is a multiple of 3, otherwise 'no': yes_no(n).",
        "n: 'yes' if n % 3 == 0 else 'no'", "9 ; 4", "0 ; 1 ; -3 ; 300"),
    spec("invert", "Swap keys and values of a dictionary whose values are all different: "
        "invert(table).", "table: {v: k for k, v in table.items()}",
        "{'a': 1, 'b': 2}", "{} ; {'x': 9} ; {'p': 0, 'q': -1}"),
    spec("stutter", "stutter(text) says every letter twice.", "text: ''.join(c * 2 for c in text)",
        "'no' ; 'abc'", "'' ; 'z' ; 'a b'"),
    spec("squares_upto", "List the perfect squares 1, 4, 9, … of the first n counting numbers. "
        "squares_upto(n)", "n: [v * v for v in range(1, n + 1)]", "3 ; 1", "0 ; 5 ; 7"),
    spec("fizz_free", "Numbers divisible by 5 are unwanted. fizz_free(nums) removes them and adds "
        "up the rest.", "nums: sum(v for v in nums if v % 5 != 0)",
        "[5, 6, 7] ; [10]", "[] ; [1, 2, 3] ; [15, -5, 4]"),
    spec("second_letter_list", "Pick the second letter from each word that has one. "
        "second_letter_list(words)", "words: [w[1] for w in words if len(w) > 1]",
        "['cat', 'a', 'dog']", "[] ; ['x'] ; ['ab', 'cd']"),
    spec("rotate_once", "The first element moves to the back of the queue: rotate_once(queue).",
        "queue: queue[1:] + queue[:1]", "[1, 2, 3] ; [4]", "[] ; [1, 2] ; [7, 7, 8, 9]"),
    spec("most_popular", "Votes come as a list of names; most_popular(votes) is the name with most "
        "votes, the earliest in the list on a tie, '' if nobody voted.",
        "votes: max(votes, key=votes.count, default='')",
        "['a', 'b', 'b'] ; ['x', 'y']", "[] ; ['p'] ; ['q', 'r', 'r', 'q', 'r']"),
    spec("snake", "Write a title the way variables are written: small letters, underscores for "
        "blanks. snake(title)", "title: title.lower().replace(' ', '_')",
        "'Big Red Dog' ; 'Sun'", "'' ; 'A B' ; 'already small'"),
    spec("pairs_equal", "How often does a number equal the one right after it? pairs_equal(xs)",
        "xs: sum(a == b for a, b in zip(xs, xs[1:]))", "[1, 1, 2] ; [3, 3, 3]",
        "[] ; [1] ; [1, 2, 1] ; [0, 0, 1, 1]"),
    spec("add_tax", "Every price goes up by 2, but free things stay free. add_tax(prices) works on "
        "a list.", "prices: [p + 2 if p > 0 else p for p in prices]",
        "[0, 3] ; [5]", "[] ; [0, 0] ; [1, 2, 0, 10]"),
)  # fmt: skip


def handwritten_tasks() -> tuple[LabelledProblem, ...]:
    """Return the tasks; the examples in a statement are everything that an agent may see.

    >>> len(handwritten_tasks())
    34
    """
    return tuple(labelled_task(task) for task in _TASKS)


def reference_program(written: LabelledProblem) -> str:
    """Return the reference program of a task of `handwritten_tasks`.

    >>> print(reference_program(handwritten_tasks()[0]))
    def sum_of_evens(xs):
        return sum(v for v in xs if v % 2 == 0)
    """
    name = written.problem.entry_point
    [body] = [task.program for task in _TASKS if task.name == name]
    parameter, expression = body.split(": ", 1)
    return f"def {name}({parameter}):\n    return {expression}"


def labelled_task(task: Written) -> LabelledProblem:
    """Return a task with its examples in the statement and the other calls as hidden tests."""
    results = _results(task, (*task.examples, *task.hidden))
    shown, hidden = results[: len(task.examples)], results[len(task.examples) :]
    problem = Problem(
        id=f"handwritten-{task.name}",
        prompt="\n".join([task.prompt, *shown]),
        entry_point=task.name,
    )
    return LabelledProblem(problem, Gold(tests="\n".join(f"assert {call}" for call in hidden)))


def _results(task: Written, arguments: tuple[str, ...]) -> list[str]:
    """Return calls with their results, computed by the reference program of this package."""
    function = eval(f"lambda {task.program}")
    return [f"{task.name}({argument}) == {function(eval(argument))!r}" for argument in arguments]
