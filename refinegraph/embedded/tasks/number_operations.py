"""Operations on lists of integers and on integers."""

from refinegraph.embedded.tasks.operation import Operation, Shape, operation

_DIGITS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_FACTORS = (2, 3, 4, 5, 6, 7, 8, 9)
_FEW = (1, 2, 3, 4)
_MAP: tuple[Shape, Shape] = ("numbers", "numbers")
_FOLD: tuple[Shape, Shape] = ("numbers", "number")
_TEST: tuple[Shape, Shape] = ("numbers", "flag")
_ONE: tuple[Shape, Shape] = ("number", "number")

_FILTERS = (
    operation(
        "keep_even",
        _MAP,
        "[v for v in x if v % 2 == 0]",
        "keep the even numbers | remove the odd numbers | leave only numbers divisible by two",
        vague="keep every number of one parity | drop half of the numbers by parity",
    ),
    operation(
        "keep_odd",
        _MAP,
        "[v for v in x if v % 2 == 1]",
        "keep the odd numbers | remove the even numbers | leave only numbers that are odd",
        vague="keep every number of one parity | drop half of the numbers by parity",
    ),
    operation(
        "keep_positive",
        _MAP,
        "[v for v in x if v > 0]",
        "keep the positive numbers | drop zeros and negative numbers | keep what is above zero",
        vague="keep the numbers of one sign | drop the numbers with the wrong sign",
    ),
    operation(
        "keep_negative",
        _MAP,
        "[v for v in x if v < 0]",
        "keep the negative numbers | drop zeros and positive numbers | keep what is below zero",
        vague="keep the numbers of one sign | drop the numbers with the wrong sign",
    ),
    operation(
        "keep_above",
        _MAP,
        "[v for v in x if v > @]",
        "keep the numbers greater than @ | drop every number up to @ | keep values above @",
        vague="keep the numbers on the upper side of @ | split at @ and keep the high part",
        constants=_DIGITS,
    ),
    operation(
        "keep_at_least",
        _MAP,
        "[v for v in x if v >= @]",
        "keep the numbers of at least @ | drop every number smaller than @ | keep values from @ up",
        vague="keep the numbers on the upper side of @ | split at @ and keep the high part",
        constants=_DIGITS,
    ),
    operation(
        "keep_below",
        _MAP,
        "[v for v in x if v < @]",
        "keep the numbers less than @ | drop every number from @ up | keep values below @",
        vague="keep the numbers on the lower side of @ | split at @ and keep the low part",
        constants=_DIGITS,
    ),
    operation(
        "keep_at_most",
        _MAP,
        "[v for v in x if v <= @]",
        "keep the numbers of at most @ | drop every number greater than @ | keep values up to @",
        vague="keep the numbers on the lower side of @ | split at @ and keep the low part",
        constants=_DIGITS,
    ),
    operation(
        "keep_multiples",
        _MAP,
        "[v for v in x if v % @ == 0]",
        "keep the multiples of @ | keep the numbers divisible by @ | drop what @ does not divide",
        vague="sort out by divisibility by @",
        constants=(3, 4, 5),
    ),
    operation(
        "drop_multiples",
        _MAP,
        "[v for v in x if v % @ != 0]",
        "remove the multiples of @ | drop the numbers divisible by @ | keep what @ does not divide",
        vague="sort out by divisibility by @",
        constants=(3, 4, 5),
    ),
    operation(
        "drop_value",
        _MAP,
        "[v for v in x if v != @]",
        "remove every @ | drop all numbers equal to @ | leave out each @",
        constants=_DIGITS,
    ),
    operation(
        "drop_smallest",
        _MAP,
        "[v for v in x if v != min(x)]",
        "remove the smallest number | drop the minimum | leave out the lowest value",
        vague="remove the extreme number | leave out the outlier at one end",
    ),
    operation(
        "drop_largest",
        _MAP,
        "[v for v in x if v != max(x)]",
        "remove the largest number | drop the maximum | leave out the highest value",
        vague="remove the extreme number | leave out the outlier at one end",
    ),
    operation(
        "unique",
        _MAP,
        "list(dict.fromkeys(x))",
        "remove duplicates and keep the order | keep the first of equal numbers | "
        "drop repeats of earlier numbers",
        vague="deal with the duplicates | get rid of repeated numbers",
    ),
    operation(
        "keep_single",
        _MAP,
        "[v for v in x if x.count(v) == 1]",
        "keep the numbers that occur once | drop all numbers that occur twice or more | "
        "keep what is not repeated",
        vague="deal with the duplicates | get rid of repeated numbers",
    ),
    operation(
        "keep_repeated",
        _MAP,
        "[v for v in x if x.count(v) > 1]",
        "keep the numbers that occur more than once | keep what is repeated | "
        "drop the numbers that occur once",
        vague="deal with the duplicates",
    ),
    operation(
        "above_average",
        _MAP,
        "[v for v in x if v * len(x) > sum(x)]",
        "keep the numbers above the average | keep what is greater than the mean | "
        "drop numbers up to the mean",
    ),
)

_MAPS = (
    operation(
        "add",
        _MAP,
        "[v + @ for v in x]",
        "add @ to each number | increase every number by @ | make each value @ larger",
        vague="shift each number by @ | move every value by @",
        constants=_DIGITS,
    ),
    operation(
        "subtract",
        _MAP,
        "[v - @ for v in x]",
        "subtract @ from each number | decrease every number by @ | make each value @ smaller",
        vague="shift each number by @ | move every value by @",
        constants=_DIGITS,
    ),
    operation(
        "multiply",
        _MAP,
        "[v * @ for v in x]",
        "multiply each number by @ | make each value @ times as large | scale every number by @",
        vague="scale the numbers up | multiply by the factor of the examples",
        constants=_FACTORS,
        vague_constants=(2, 3, 4),
    ),
    operation(
        "divide",
        _MAP,
        "[v // @ for v in x]",
        "divide each number by @ and round down | take the whole quotient of each number by @",
        vague="divide each number by @ in whole numbers | work out @ into each value",
        constants=_FACTORS,
    ),
    operation(
        "remainder",
        _MAP,
        "[v % @ for v in x]",
        "replace each number by its remainder modulo @ | take each number modulo @",
        vague="divide each number by @ in whole numbers | work out @ into each value",
        constants=_FACTORS,
    ),
    operation(
        "negate",
        _MAP,
        "[-v for v in x]",
        "negate each number | flip the sign of every number | turn each value into its opposite",
        vague="change the signs | treat the sign of each number",
    ),
    operation(
        "absolute",
        _MAP,
        "[abs(v) for v in x]",
        "take the absolute value of each number | drop the signs | make every number non-negative",
        vague="change the signs | treat the sign of each number",
    ),
    operation(
        "square",
        _MAP,
        "[v * v for v in x]",
        "square each number | multiply each number by itself | replace each value by its square",
    ),
    operation(
        "cap",
        _MAP,
        "[min(v, @) for v in x]",
        "replace numbers above @ by @ | cap each number at @ | let no number exceed @",
        vague="clip each number at @ | use @ as a limit for every number",
        constants=_DIGITS,
    ),
    operation(
        "raise_to",
        _MAP,
        "[max(v, @) for v in x]",
        "replace numbers below @ by @ | raise each number to at least @ | let no number fall "
        "under @",
        vague="clip each number at @ | use @ as a limit for every number",
        constants=_DIGITS,
    ),
    operation(
        "distance",
        _MAP,
        "[abs(v - @) for v in x]",
        "take the distance of each number from @ | replace each value by how far it is from @",
        constants=_DIGITS,
    ),
    operation(
        "from_smallest",
        _MAP,
        "[v - min(x) for v in x]",
        "subtract the smallest number from each | measure each number from the minimum",
    ),
    operation(
        "add_position",
        _MAP,
        "[v + i for i, v in enumerate(x)]",
        "add to each number its index from zero | increase each value by its index",
        vague="combine each number with its place | bring the index into each number",
    ),
    operation(
        "times_position",
        _MAP,
        "[v * i for i, v in enumerate(x)]",
        "multiply each number by its index from zero | weight each value with its index",
        vague="combine each number with its place | bring the index into each number",
    ),
)

_ORDER = (
    operation(
        "sort_up",
        _MAP,
        "sorted(x)",
        "sort the numbers in ascending order | sort from smallest to largest | order them upwards",
        vague="sort the numbers | put the numbers in order",
    ),
    operation(
        "sort_down",
        _MAP,
        "sorted(x, reverse=True)",
        "sort the numbers in descending order | sort from largest to smallest | order them "
        "downwards",
        vague="sort the numbers | put the numbers in order",
    ),
    operation(
        "sort_size",
        _MAP,
        "sorted(x, key=abs)",
        "sort the numbers by absolute value | order them by distance from zero",
        vague="put the numbers in order",
    ),
    operation(
        "reverse",
        _MAP,
        "x[::-1]",
        "reverse the list | turn the order around | read the numbers from back to front",
    ),
    operation(
        "first",
        _MAP,
        "x[:@]",
        "keep the first @ numbers | take @ numbers from the start | cut the list after @ numbers",
        vague="keep @ numbers of one end | shorten the list to @ numbers",
        constants=_FEW,
    ),
    operation(
        "last",
        _MAP,
        "x[-@:]",
        "keep the last @ numbers | take @ numbers from the end | keep the final @ numbers",
        vague="keep @ numbers of one end | shorten the list to @ numbers",
        constants=_FEW,
    ),
    operation(
        "skip_first",
        _MAP,
        "x[@:]",
        "drop the first @ numbers | skip @ numbers at the start | remove the leading @ numbers",
        vague="cut @ numbers off one end | lose @ numbers at an end",
        constants=_FEW[:3],
    ),
    operation(
        "skip_last",
        _MAP,
        "x[:-@]",
        "drop the last @ numbers | skip @ numbers at the end | remove the final @ numbers",
        vague="cut @ numbers off one end | lose @ numbers at an end",
        constants=_FEW[:3],
    ),
    operation(
        "every_other",
        _MAP,
        "x[::2]",
        "take every other number starting with the first | keep the numbers at even indexes",
        vague="keep every other number | thin out the list by half",
    ),
    operation(
        "odd_places",
        _MAP,
        "x[1::2]",
        "take every other number starting with the second | keep the numbers at odd indexes",
        vague="keep every other number | thin out the list by half",
    ),
    operation(
        "differences",
        _MAP,
        "[b - a for a, b in zip(x, x[1:])]",
        "take the differences between neighbours | subtract each number from the next",
        vague="combine each pair of neighbours | join each number with the next one",
    ),
    operation(
        "pair_sums",
        _MAP,
        "[a + b for a, b in zip(x, x[1:])]",
        "add up each pair of neighbours | take the sum of each number and the next",
        vague="combine each pair of neighbours | join each number with the next one",
    ),
    operation(
        "running_total",
        _MAP,
        "[sum(x[:i + 1]) for i in range(len(x))]",
        "replace the list by its running totals | take cumulative sums",
    ),
    operation(
        "rotate",
        _MAP,
        "x[@:] + x[:@]",
        "rotate the list to the left by @ | move the first @ numbers to the end",
        constants=_FEW[:3],
    ),
    operation(
        "append",
        _MAP,
        "x + [@]",
        "append @ to the list | put @ at the end | add a final @",
        vague="extend the list by a @ | put one more @ beside the numbers",
        constants=_DIGITS,
    ),
    operation(
        "prepend",
        _MAP,
        "[@] + x",
        "put @ in front of the list | insert @ at the start | add a leading @",
        vague="extend the list by a @ | put one more @ beside the numbers",
        constants=_DIGITS,
    ),
    operation(
        "twice",
        _MAP,
        "x + x",
        "repeat the whole list twice | put the list behind itself",
    ),
)

_FOLDS = (
    operation("total", _FOLD, "sum(x)", "add them all up | return the sum | take the total"),
    operation(
        "largest",
        _FOLD,
        "max(x, default=0)",
        "return the largest number, or 0 if there is none | take the maximum, 0 for no numbers",
        vague="return the most extreme number, or 0 if there is none | pick out one number by size",
    ),
    operation(
        "smallest",
        _FOLD,
        "min(x, default=0)",
        "return the smallest number, or 0 if there is none | take the minimum, 0 for no numbers",
        vague="return the most extreme number, or 0 if there is none | pick out one number by size",
    ),
    operation(
        "count",
        _FOLD,
        "len(x)",
        "count the numbers | return how many there are | take the length of the list",
        vague="tell how many there are | count what is left",
    ),
    operation(
        "count_distinct",
        _FOLD,
        "len(set(x))",
        "count the different numbers | return how many distinct numbers there are",
        vague="tell how many there are | count what is left",
    ),
    operation(
        "count_value",
        _FOLD,
        "x.count(@)",
        "count how often @ occurs | return the number of times that @ appears",
        constants=_DIGITS,
    ),
    operation(
        "count_even",
        _FOLD,
        "sum(v % 2 == 0 for v in x)",
        "count the even numbers | return how many numbers are even",
    ),
    operation(
        "sum_squares",
        _FOLD,
        "sum(v * v for v in x)",
        "add up the squares | return the sum of the squared numbers",
    ),
    operation(
        "spread",
        _FOLD,
        "max(x, default=0) - min(x, default=0)",
        "return the difference of the largest and the smallest number | take the range",
    ),
)

_TESTS = (
    operation("is_sorted", _TEST, "x == sorted(x)", "tell whether the numbers are in ascending "
              "order | check that the list is sorted"),
    operation("has_repeat", _TEST, "len(set(x)) < len(x)", "tell whether a number is repeated | "
              "check for duplicates"),
    operation("any_above", _TEST, "any(v > @ for v in x)", "tell whether any number is above @ | "
              "check if some number is greater than @", constants=_DIGITS,
              vague="compare the numbers with @"),
    operation("all_above", _TEST, "all(v > @ for v in x)", "tell whether all numbers are above @ | "
              "check that every number is greater than @", constants=_DIGITS,
              vague="compare the numbers with @"),
)  # fmt: skip

_SINGLE = (
    operation("plus", _ONE, "x + @", "add @ | increase it by @ | make it @ larger",
              constants=_DIGITS, vague="change it by @ | move it by @"),
    operation("minus", _ONE, "x - @", "subtract @ | decrease it by @ | make it @ smaller",
              constants=_DIGITS, vague="change it by @ | move it by @"),
    operation("times", _ONE, "x * @", "multiply it by @ | make it @ times as large",
              constants=_FACTORS, vague="scale it up", vague_constants=(2, 3, 4)),
    operation("squared", _ONE, "x * x", "square it | multiply it by itself"),
    operation("size", _ONE, "abs(x)", "take its absolute value | drop its sign",
              vague="change its sign"),
    operation("opposite", _ONE, "-x", "negate it | flip its sign", vague="change its sign"),
    operation("quotient", _ONE, "x // @", "divide it by @ and round down | take its whole "
              "quotient by @", constants=_FACTORS, vague="divide it by @ in whole numbers"),
    operation("modulo", _ONE, "x % @", "take its remainder modulo @ | take what is left after "
              "dividing by @", constants=_FACTORS, vague="divide it by @ in whole numbers"),
    operation("at_most", _ONE, "min(x, @)", "let it be @ at most | cap it at @",
              constants=_DIGITS, vague="clip it at @"),
    operation("at_least", _ONE, "max(x, @)", "let it be @ at least | raise it to @ if it is lower",
              constants=_DIGITS, vague="clip it at @"),
    operation("digit_sum", _ONE, "sum(int(c) for c in str(abs(x)))", "add up its digits | take "
              "the sum of its digits", vague="reduce it to its digits"),
    operation("digit_count", _ONE, "len(str(abs(x)))", "count its digits | take the number of "
              "its digits", vague="reduce it to its digits"),
    operation("digits", ("number", "numbers"), "[int(c) for c in str(abs(x))]",
              "list its digits | split it into its digits"),
    operation("count_up", ("number", "numbers"), "list(range(1, x + 1))",
              "list the numbers from 1 to it | count from 1 up to it",
              vague="list the numbers up to it"),
    operation("count_zero", ("number", "numbers"), "list(range(x))",
              "list the numbers from 0 up to but without it | count from 0 to just below it",
              vague="list the numbers up to it"),
    operation("divisors", ("number", "numbers"), "[v for v in range(1, x + 1) if x % v == 0]",
              "list its divisors | list the numbers that divide it"),
    operation("is_even", ("number", "flag"), "x % 2 == 0", "tell whether it is even"),
    operation("exceeds", ("number", "flag"), "x > @", "tell whether it is greater than @",
              constants=_DIGITS),
)  # fmt: skip

NUMBER_OPERATIONS: tuple[Operation, ...] = (
    *_FILTERS, *_MAPS, *_ORDER, *_FOLDS, *_TESTS, *_SINGLE,
)  # fmt: skip
"""All operations on lists of integers and on integers."""
