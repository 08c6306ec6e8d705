"""Tasks written by hand in plain words, which may be read while the model is developed.

Together with `refinegraph.embedded.tasks.handwritten` they are half of the tasks in free wording;
the other half, in `final_wording`, is evaluated once, at the end.
"""

from refinegraph.embedded.tasks.handwritten import Written, labelled_task, spec
from refinegraph.schema import LabelledProblem

_TASKS: tuple[Written, ...] = (
    spec("even_sum", "Return the sum of the even numbers in xs. even_sum(xs)",
        "xs: sum(v for v in xs if v % 2 == 0)", "[1, 2, 4] ; [3, 5]", "[] ; [2, 2, 7] ; [10, -4]"),
    spec("backwards", "Return the string s reversed. backwards(s)", "s: s[::-1]",
        "'abc' ; 'noon'", "'' ; 'x y' ; 'Hello'"),
    spec("largest_two", "Return the two largest numbers of xs, largest first. largest_two(xs)",
        "xs: sorted(xs, reverse=True)[:2]", "[3, 9, 5] ; [1, 2]", "[] ; [4] ; [7, 7, 1]"),
    spec("positive_squares", "Square the positive numbers in nums and drop the rest. "
        "positive_squares(nums)", "nums: [v * v for v in nums if v > 0]",
        "[1, -2, 3] ; [0, 4]", "[] ; [-1] ; [5, 5]"),
    spec("how_many_long", "How many words in ws have more than four letters? how_many_long(ws)",
        "ws: sum(len(w) > 4 for w in ws)", "['apple', 'sun'] ; ['river', 'stone', 'oil']",
        "[] ; ['a'] ; ['table', 'tea', 'chairs']"),
    spec("all_caps", "Write all_caps(names): every name in capital letters.",
        "names: [w.upper() for w in names]", "['Al', 'bo'] ; ['x']", "[] ; ['Ann', 'EVE'] ; ['']"),
    spec("no_repeats", "Return the list without duplicates, keeping the order: no_repeats(items).",
        "items: list(dict.fromkeys(items))", "[1, 2, 1] ; [3, 3]", "[] ; [5] ; [2, 1, 2, 3, 1]"),
    spec("count_a", "Count how many times the letter a is in text: count_a(text).",
        "text: text.count('a')", "'banana' ; 'sky'", "'' ; 'a a' ; 'radar'"),
    spec("sorted_down", "Sort nums from the biggest to the smallest. sorted_down(nums)",
        "nums: sorted(nums, reverse=True)", "[1, 3, 2] ; [5, 5, 9]", "[] ; [0] ; [-1, 4, 2]"),
    spec("plus_ten", "Add 7 to each number of the list: plus_seven style. plus_ten(xs)",
        "xs: [v + 7 for v in xs]", "[1, 2] ; [0]", "[] ; [-7] ; [10, 20]"),
    spec("ends_off", "Cut off the first and the last letter of a word. ends_off(word)",
        "word: word[1:-1]", "'apple' ; 'tea'", "'' ; 'ab' ; 'stones'"),
    spec("first_names", "From a list of full names, take the first word of the first one: "
        "first_names(people) works on a list of words and returns the first of them.",
        "people: people[0] if people else ''", "['Ann', 'Bo'] ; ['Eve']", "[] ; ['x', 'y']"),
    spec("total_letters", "total_letters(words): how many letters do the words have together?",
        "words: sum(len(w) for w in words)", "['ab', 'c'] ; ['tree']", "[] ; [''] ; ['a', 'bb']"),
    spec("is_even_number", "Tell me if n is an even number. is_even_number(n)",
        "n: n % 2 == 0", "4 ; 7", "0 ; 1 ; -2"),
    spec("alphabetical", "Put the words in alphabetical order and join them with dashes. "
        "alphabetical(words)", "words: '-'.join(sorted(words))", "['b', 'a'] ; ['tea', 'milk', "
        "'oil']",
        "[] ; ['x'] ; ['c', 'b', 'a']"),
    spec("drop_small", "Numbers under 3 are too small. Leave them out, then double what is left. "
        "drop_small(values)", "values: [v * 2 for v in values if v >= 3]", "[1, 3, 5] ; [2]",
        "[] ; [3, 3] ; [10, 0, 4]"),
    spec("last_three", "Give me the last three characters of s in upper case. last_three(s)",
        "s: s[-3:].upper()", "'apple' ; 'tea'", "'' ; 'ab' ; 'mountain'"),
    spec("average", "average(xs) is the mean of the numbers, rounded down, or 0 for no numbers.",
        "xs: sum(xs) // len(xs) if xs else 0", "[1, 2, 3] ; [5, 6]", "[] ; [7] ; [0, 9, 9]"),
    spec("words_backwards", "Split the sentence into words and list them from last to first. "
        "words_backwards(sentence)", "sentence: sentence.split()[::-1]", "'a b c' ; 'good day'",
        "'' ; 'one' ; 'x y z w'"),
    spec("best_product", "Which product earns most? best_product(sales) gets a dictionary and "
        "returns the key with the highest value, '' for an empty one.",
        "sales: max(sales, key=sales.get, default='')", "{'tea': 3, 'milk': 5} ; {'a': 1}",
        "{} ; {'x': 2, 'y': 2} ; {'p': 0, 'q': 9, 'r': 4}"),
    spec("steps_up", "Count from 1 to n and square each number: steps_up(n).",
        "n: [v * v for v in range(1, n + 1)]", "3 ; 1", "0 ; 4 ; 6"),
    spec("keep_threes", "Only multiples of 3 may stay; return how many there are. "
        "keep_threes(xs)", "xs: sum(v % 3 == 0 for v in xs)", "[3, 4, 6] ; [1]",
        "[] ; [9, 9, 9] ; [0, 2]"),
    spec("whisper", "Write the text in small letters and put three dots... no, one star * "
        "behind it. whisper(text)", "text: text.lower() + '*'", "'Hi' ; 'GO ON'",
        "'' ; 'a' ; 'Loud NOISE'"),
    spec("spread_out", "Put a dash between the letters: spread_out(word).",
        "word: '-'.join(list(word))", "'abc' ; 'tea'", "'' ; 'x' ; 'word'"),
    spec("above_five_sorted", "Keep what is larger than 5 and sort it upwards. "
        "above_five_sorted(xs)", "xs: sorted(v for v in xs if v > 5)", "[9, 1, 6] ; [5]",
        "[] ; [7, 6, 8] ; [10, -10, 6, 6]"),
    spec("pad_front", "Put a 0 in front of the list of readings: zero_front, here "
        "pad_front(readings).", "readings: [0] + readings", "[1, 2] ; [5]", "[] ; [0] ; [9, 8, 7]"),
)  # fmt: skip


def plain_wording_tasks() -> tuple[LabelledProblem, ...]:
    """Return the tasks, which may be read at any time.

    >>> len(plain_wording_tasks())
    26
    """
    return tuple(labelled_task(task) for task in _TASKS)
