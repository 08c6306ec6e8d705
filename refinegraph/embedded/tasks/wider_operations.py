"""More operations: common ones, and those that read a second argument."""

from refinegraph.embedded.tasks.operation import Operation, Shape, operation

_DIGITS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_FACTORS = (2, 3, 4, 5, 6, 7, 8, 9)
_LETTERS = ("a", "e", "i", "o", "r", "n", "s", "t", "l")
_MARKS = ("-", "_", "+", "*", "#", "!", "?", ".")
_MAP: tuple[Shape, Shape] = ("numbers", "numbers")
_FOLD: tuple[Shape, Shape] = ("numbers", "number")
_TEST: tuple[Shape, Shape] = ("numbers", "flag")
_ONE: tuple[Shape, Shape] = ("number", "number")
_TEXT: tuple[Shape, Shape] = ("text", "text")
_WORDS: tuple[Shape, Shape] = ("words", "words")

_NUMBERS = (
    operation("sorted_unique", _MAP, "sorted(set(x))", "sort the numbers and remove the "
              "duplicates | list the distinct numbers in ascending order"),
    operation("double_all", _MAP, "[v * 2 for v in x]", "double each number | make each number "
              "twice as large"),
    operation("halve_all", _MAP, "[v // 2 for v in x]", "halve each number and round down | take "
              "half of each number, rounded down"),
    operation("cube", _MAP, "[v ** 3 for v in x]", "cube each number | raise each number to the "
              "third power"),
    operation("inner", _MAP, "x[1:-1]", "drop the first and the last number | remove both ends "
              "of the list"),
    operation("keep_not_negative", _MAP, "[v for v in x if v >= 0]", "keep the numbers that are "
              "not negative | drop the negative numbers"),
    operation("drop_zeros", _MAP, "[v for v in x if v != 0]", "drop the zeros | remove every 0"),
    operation("replace_negative", _MAP, "[max(v, 0) for v in x]", "replace the negative numbers "
              "by 0 | set every negative number to zero"),
    operation("first_number", _FOLD, "x[0] if x else 0", "return the first number, or 0 for an "
              "empty list | take the first number, 0 if there is none"),
    operation("last_number", _FOLD, "x[-1] if x else 0", "return the last number, or 0 for an "
              "empty list | take the last number, 0 if there is none"),
    operation("mean", _FOLD, "sum(x) // len(x) if x else 0", "return the average, rounded down, "
              "or 0 for an empty list | take the mean in whole numbers, 0 if there is none"),
    operation("second_largest", _FOLD, "sorted(set(x))[-2] if len(set(x)) > 1 else 0",
              "return the second largest different number, or 0 if there is none | take the "
              "runner-up of the distinct numbers, 0 if there is none"),
    operation("count_odd", _FOLD, "sum(v % 2 == 1 for v in x)", "count the odd numbers | return "
              "how many numbers are odd"),
    operation("count_positive", _FOLD, "sum(v > 0 for v in x)", "count the positive numbers | "
              "return how many numbers are above zero"),
    operation("count_negative", _FOLD, "sum(v < 0 for v in x)", "count the negative numbers | "
              "return how many numbers are below zero"),
    operation("count_above", _FOLD, "sum(v > @ for v in x)", "count the numbers greater than @ | "
              "return how many numbers are above @", constants=_DIGITS),
    operation("largest_place", _FOLD, "x.index(max(x)) if x else -1", "return the index of the "
              "largest number, or -1 for an empty list | find where the maximum stands first, "
              "-1 if there is none"),
    operation("equal_neighbours", _FOLD, "sum(a == b for a, b in zip(x, x[1:]))", "count the "
              "pairs of equal neighbours | return how often a number equals the next one"),
    operation("largest_size", _FOLD, "max(map(abs, x), default=0)", "return the largest absolute "
              "value, or 0 if there is none | take the greatest distance from zero, 0 for none"),
    operation("contains", _TEST, "@ in x", "tell whether @ is in the list | check if @ occurs",
              constants=_DIGITS),
    operation("all_even", _TEST, "all(v % 2 == 0 for v in x)", "tell whether all numbers are even "
              "| check that every number is even"),
    operation("all_positive", _TEST, "all(v > 0 for v in x)", "tell whether all numbers are "
              "positive | check that every number is above zero"),
    operation("any_negative", _TEST, "any(v < 0 for v in x)", "tell whether any number is negative "
              "| check if some number is below zero"),
    operation("mirrored", _TEST, "x == x[::-1]", "tell whether the list reads the same backwards "
              "| check that the list is a palindrome"),
    operation("doubled", _ONE, "x * 2", "double it | take two times the number"),
    operation("halved", _ONE, "x // 2", "halve it and round down | take half of it, rounded down"),
    operation("cubed", _ONE, "x ** 3", "cube it | raise it to the third power"),
    operation("triangle", _ONE, "sum(range(1, x + 1))", "add up the numbers from 1 to it | return "
              "the sum of all numbers from 1 up to it"),
    operation("below_square", ("number", "numbers"), "[v * v for v in range(1, x + 1)]", "list the "
              "squares of the numbers from 1 to it | list the first squares, that many of them"),
    operation("countdown", ("number", "numbers"), "list(range(x, 0, -1))", "count down from it to "
              "1 | list the numbers from it down to 1"),
    operation("number_text", ("number", "text"), "str(x)", "turn it into a string | write the "
              "number as text"),
    operation("yes_even", ("number", "text"), "'yes' if x % @ == 0 else 'no'", "return 'yes' if it "
              "is a multiple of @ and 'no' otherwise | answer 'yes' or 'no': is it divisible by @",
              constants=_FACTORS),
    operation("is_multiple", ("number", "flag"), "x % @ == 0", "tell whether it is a multiple of @ "
              "| check that it is divisible by @", constants=_FACTORS),
    operation("is_odd", ("number", "flag"), "x % 2 == 1", "tell whether it is odd | check that it "
              "is an odd number"),
    operation("is_positive", ("number", "flag"), "x > 0", "tell whether it is positive | check "
              "that it is above zero"),
)  # fmt: skip

_TEXTS = (
    operation("first_letter", _TEXT, "x[:1]", "return the first character | take only the first "
              "letter"),
    operation("last_letter", _TEXT, "x[-1:]", "return the last character | take only the last "
              "letter"),
    operation("inner_text", _TEXT, "x[1:-1]", "drop the first and the last character | remove "
              "both ends of the text"),
    operation("underscores", _TEXT, "x.replace(' ', '_')", "replace spaces by underscores | write "
              "an underscore for each space"),
    operation("swap_letter", _TEXT, "x.replace(@, '-')", "replace every @ by a dash | write a dash "
              "for each @", constants=_LETTERS),
    operation("wrap_text", _TEXT, "@ + x + @", "put @ on both sides of the text | surround the "
              "text with @", constants=_MARKS),
    operation("word_order", _TEXT, "' '.join(x.split()[::-1])", "reverse the order of the words "
              "in the text | put the words of the text in reverse order"),
    operation("only_letters", _TEXT, "''.join(c for c in x if c.isalpha())", "keep only the "
              "letters | drop everything that is not a letter"),
    operation("text_sorted", ("text", "words"), "sorted(x.split())", "list the words of the text "
              "in alphabetical order | split the text into words and sort them"),
    operation("text_longest", _TEXT, "max(x.split(), key=len, default='')", "return the longest "
              "word of the text | take the first of the longest words in the text"),
    operation("distinct_count", ("text", "number"), "len(set(x))", "count the different "
              "characters | return how many distinct characters there are"),
    operation("capital_count", ("text", "number"), "sum(c.isupper() for c in x)", "count the "
              "capital letters | return how many letters are in upper case"),
    operation("space_count", ("text", "number"), "x.count(' ')", "count the spaces | return how "
              "many spaces there are"),
    operation("ends", ("text", "flag"), "x.endswith(@)", "tell whether it ends with @ | check if "
              "its last character is @", constants=_LETTERS),
    operation("has_letter", ("text", "flag"), "@ in x", "tell whether it contains @ | check if @ "
              "occurs in it", constants=_LETTERS),
    operation("empty", ("text", "flag"), "x == ''", "tell whether it is empty | check that there "
              "are no characters"),
)  # fmt: skip

_WORD_LISTS = (
    operation("lower_words", _WORDS, "[w.lower() for w in x]", "turn each word into lower case | "
              "write every word in small letters"),
    operation("starting", _WORDS, "[w for w in x if w.startswith(@)]", "keep the words that start "
              "with @ | drop the words that do not start with @", constants=_LETTERS),
    operation("long_count", ("words", "number"), "sum(len(w) > @ for w in x)", "count the words "
              "longer than @ | return how many words have more than @ letters",
              constants=(3, 4, 5, 6)),
    operation("letter_words", ("words", "number"), "sum(@ in w for w in x)", "count the words that "
              "contain @ | return how many words have an @", constants=_LETTERS),
    operation("sentence", ("words", "text"), "' '.join(x)", "join the words with spaces | write "
              "the words as one sentence"),
    operation("concatenate", ("words", "text"), "''.join(x)", "join the words without anything "
              "between them | concatenate the words"),
    operation("most_common", ("words", "text"), "max(x, key=x.count, default='')", "return the "
              "most frequent word, or an empty text | take the word that occurs most often, the "
              "first one on a tie"),
    operation("first_word", ("words", "text"), "x[0] if x else ''", "return the first word, or an "
              "empty text | take the first of the words, '' if there is none"),
    operation("last_word", ("words", "text"), "x[-1] if x else ''", "return the last word, or an "
              "empty text | take the last of the words, '' if there is none"),
    operation("has_word_repeat", ("words", "flag"), "len(set(x)) < len(x)", "tell whether a word "
              "is repeated | check for duplicate words"),
)  # fmt: skip

_TABLES = (
    operation("top_keys", ("table", "words"), "sorted(k for k, v in x.items() if v > @)", "list "
              "the keys whose value is above @ in alphabetical order | return the sorted keys with "
              "a value greater than @", constants=_DIGITS),
    operation("low_keys", ("table", "words"), "sorted(k for k, v in x.items() if v < @)", "list "
              "the keys whose value is below @ in alphabetical order | return the sorted keys with "
              "a value less than @", constants=_DIGITS),
    operation("value_min", ("table", "number"), "min(x.values(), default=0)", "return the smallest "
              "value, or 0 | take the minimum of the values, 0 for none"),
)  # fmt: skip

WIDER_OPERATIONS: tuple[Operation, ...] = (*_NUMBERS, *_TEXTS, *_WORD_LISTS, *_TABLES)
"""Operations of one argument that people ask for in their own words."""

SECOND_OPERATIONS: tuple[tuple[Operation, Shape], ...] = (
    (operation("join_lists", _MAP, "x + @", "append the numbers of @ | put the numbers of @ behind "
               "them"), "numbers"),
    (operation("in_both", _MAP, "[v for v in x if v in @]", "keep the numbers that also occur in @ "
               "| drop the numbers that are not in @"), "numbers"),
    (operation("not_in", _MAP, "[v for v in x if v not in @]", "drop the numbers that occur in @ | "
               "keep the numbers that are not in @"), "numbers"),
    (operation("pair_add", _MAP, "[a + b for a, b in zip(x, @)]", "add the numbers of @ to them, "
               "place by place | add each number to the one at the same place of @"), "numbers"),
    (operation("pair_times", _MAP, "[a * b for a, b in zip(x, @)]", "multiply them with the "
               "numbers of @, place by place | multiply each number by the one at the same place "
               "of @"), "numbers"),
    (operation("words_in", _WORDS, "[w for w in x if w in @]", "keep the words that also occur in "
               "@ | drop the words that are not in @"), "words"),
    (operation("words_out", _WORDS, "[w for w in x if w not in @]", "drop the words that occur in "
               "@ | keep the words that are not in @"), "words"),
    (operation("add_text", _TEXT, "x + @", "append the text @ | put @ behind it"), "text"),
    (operation("lead_text", _TEXT, "@ + x", "put the text @ in front | begin it with @"), "text"),
    (operation("plus_number", _ONE, "x + @", "add @ | take the sum with @"), "number"),
    (operation("times_number", _ONE, "x * @", "multiply it by @ | take the product with @"),
     "number"),
    (operation("greater", _ONE, "max(x, @)", "take the larger one of it and @ | return the maximum "
               "of it and @"), "number"),
    (operation("smaller", _ONE, "min(x, @)", "take the smaller one of it and @ | return the "
               "minimum of it and @"), "number"),
    (operation("minus_number", _ONE, "x - @", "subtract @ | take the difference to @"), "number"),
)  # fmt: skip
"""Operations in which `@` is the function's second argument, with the shape of that argument."""
