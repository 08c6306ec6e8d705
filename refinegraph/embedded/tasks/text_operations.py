"""Operations on strings, lists of words and dictionaries."""

from refinegraph.embedded.tasks.operation import Operation, Shape, operation

_FEW = (1, 2, 3, 4)
_LENGTHS = (3, 4, 5, 6)
_LETTERS = ("a", "e", "i", "o", "r", "n", "s", "t", "l")
_MARKS = ("-", "_", "+", "*", "#")
_JOINTS = ("-", "_", "+", "*", " ")
_DIGITS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_TEXT: tuple[Shape, Shape] = ("text", "text")
_WORDS: tuple[Shape, Shape] = ("words", "words")
_TABLE: tuple[Shape, Shape] = ("table", "table")
_CASE = "change the case of the letters | unify the case"
_ORDER = "put the words in order | sort the words"

_TEXTS = (
    operation("upper", _TEXT, "x.upper()", "turn it into upper case | make all letters capitals",
              vague=_CASE),
    operation("lower", _TEXT, "x.lower()", "turn it into lower case | make all letters small",
              vague=_CASE),
    operation("swap_case", _TEXT, "x.swapcase()", "swap upper and lower case | flip the case of "
              "each letter"),
    operation("reverse_text", _TEXT, "x[::-1]", "reverse the text | read the text backwards"),
    operation("no_vowels", _TEXT, "''.join(c for c in x if c not in 'aeiou')", "remove the vowels "
              "| drop every vowel", vague="select letters by whether they are vowels"),
    operation("only_vowels", _TEXT, "''.join(c for c in x if c in 'aeiou')", "keep only the vowels "
              "| drop all but the vowels", vague="select letters by whether they are vowels"),
    operation("no_spaces", _TEXT, "x.replace(' ', '')", "remove the spaces | drop every space",
              vague="treat the spaces"),
    operation("dashes", _TEXT, "x.replace(' ', '-')", "replace spaces by dashes | write a dash for "
              "each space", vague="treat the spaces"),
    operation("no_letter", _TEXT, "x.replace(@, '')", "remove every @ | drop each letter @",
              constants=_LETTERS),
    operation("mask_letter", _TEXT, "x.replace(@, '*')", "replace every @ by a star | write a star "
              "for each @", constants=_LETTERS),
    operation("text_first", _TEXT, "x[:@]", "keep the first @ characters | take @ characters from "
              "the start", constants=_FEW, vague="shorten the text to @ characters"),
    operation("text_last", _TEXT, "x[-@:]", "keep the last @ characters | take @ characters from "
              "the end", constants=_FEW, vague="shorten the text to @ characters"),
    operation("text_skip", _TEXT, "x[@:]", "drop the first @ characters | skip @ characters at "
              "the start", constants=_FEW[:3], vague="cut @ characters off one end"),
    operation("text_cut", _TEXT, "x[:-@]", "drop the last @ characters | remove @ characters at "
              "the end", constants=_FEW[:3], vague="cut @ characters off one end"),
    operation("double_letters", _TEXT, "''.join(c * 2 for c in x)", "double each character | write "
              "every character twice"),
    operation("repeat_text", _TEXT, "x * @", "repeat the text @ times | write the text @ times",
              constants=(2, 3, 4), vague="repeat the text a few times", vague_constants=(2, 3)),
    operation("every_second", _TEXT, "x[::2]", "take every second character from the first on | "
              "keep the characters at even indexes"),
    operation("distinct_letters", _TEXT, "''.join(dict.fromkeys(x))", "keep each character only "
              "once | drop repeated characters"),
    operation("sort_letters", _TEXT, "''.join(sorted(x))", "sort the characters | put the "
              "characters in alphabetical order"),
    operation("add_mark", _TEXT, "x + @", "append @ to the text | put @ at the end",
              constants=_MARKS, vague="attach @ to the text | mark the text with @"),
    operation("lead_mark", _TEXT, "@ + x", "put @ in front of the text | begin the text with @",
              constants=_MARKS, vague="attach @ to the text | mark the text with @"),
    operation("capital", _TEXT, "x.capitalize()", "capitalize the text | make only the first "
              "letter a capital"),
    operation("titled", _TEXT, "x.title()", "capitalize each word of the text | write it as a "
              "title"),
    operation("split", ("text", "words"), "x.split()", "split the text into words | list the words "
              "of the text", vague="take the text apart"),
    operation("letters", ("text", "words"), "list(x)", "list the characters | split the text into "
              "characters", vague="take the text apart"),
    operation("length", ("text", "number"), "len(x)", "count the characters | return the length "
              "of the text", vague="measure the text"),
    operation("word_count", ("text", "number"), "len(x.split())", "count the words | return the "
              "number of words", vague="measure the text"),
    operation("vowel_count", ("text", "number"), "sum(c in 'aeiou' for c in x)", "count the vowels "
              "| return how many vowels there are"),
    operation("letter_count", ("text", "number"), "x.count(@)", "count how often @ occurs | return "
              "how many times @ appears", constants=_LETTERS),
    operation("word_lengths", ("text", "numbers"), "[len(w) for w in x.split()]", "list the "
              "lengths of the words | replace the text by its word lengths"),
    operation("palindrome", ("text", "flag"), "x == x[::-1]", "tell whether it reads the same "
              "backwards | check for a palindrome"),
    operation("starts", ("text", "flag"), "x.startswith(@)", "tell whether it starts with @",
              constants=_LETTERS),
    operation("tally_letters", ("text", "table"), "{c: x.count(c) for c in x}", "count each "
              "character in a dictionary | map each character to how often it occurs"),
)  # fmt: skip

_WORD_LISTS = (
    operation("upper_words", _WORDS, "[w.upper() for w in x]", "turn each word into upper case | "
              "write every word in capitals", vague="change the case of each word"),
    operation("title_words", _WORDS, "[w.capitalize() for w in x]", "capitalize each word | start "
              "every word with a capital", vague="change the case of each word"),
    operation("reverse_words", _WORDS, "[w[::-1] for w in x]", "reverse each word | spell every "
              "word backwards", vague="reverse the words"),
    operation("reverse_list", _WORDS, "x[::-1]", "reverse the order of the words | list the words "
              "from back to front", vague="reverse the words"),
    operation("sort_words", _WORDS, "sorted(x)", "sort the words alphabetically | order the words "
              "from a to z", vague=_ORDER),
    operation("sort_back", _WORDS, "sorted(x, reverse=True)", "sort the words in reverse "
              "alphabetical order | order the words from z to a", vague=_ORDER),
    operation("sort_length", _WORDS, "sorted(x, key=len)", "sort the words by length | order the "
              "words from short to long", vague=_ORDER),
    operation("unique_words", _WORDS, "list(dict.fromkeys(x))", "remove repeated words | keep each "
              "word only once"),
    operation("longer", _WORDS, "[w for w in x if len(w) > @]", "keep the words longer than @ | "
              "drop the words of up to @ letters", constants=_LENGTHS,
              vague="filter the words by length @"),
    operation("shorter", _WORDS, "[w for w in x if len(w) < @]", "keep the words shorter than @ | "
              "drop the words of @ or more letters", constants=_LENGTHS,
              vague="filter the words by length @"),
    operation("exact_length", _WORDS, "[w for w in x if len(w) == @]", "keep the words of exactly "
              "@ letters | drop the words whose length is not @", constants=_LENGTHS,
              vague="filter the words by length @"),
    operation("with_letter", _WORDS, "[w for w in x if @ in w]", "keep the words that contain @ | "
              "drop the words without @", constants=_LETTERS,
              vague="filter the words by the letter @"),
    operation("without_letter", _WORDS, "[w for w in x if @ not in w]", "keep the words without @ "
              "| drop the words that contain @", constants=_LETTERS,
              vague="filter the words by the letter @"),
    operation("ending", _WORDS, "[w for w in x if w.endswith(@)]", "keep the words that end with @ "
              "| drop the words that do not end with @", constants=_LETTERS),
    operation("heads", _WORDS, "[w[:@] for w in x]", "cut each word to its first @ letters | "
              "keep @ letters from the start of each word", constants=_FEW[:3],
              vague="shorten each word to @ letters"),
    operation("tails", _WORDS, "[w[-@:] for w in x]", "cut each word to its last @ letters | "
              "keep @ letters from the end of each word", constants=_FEW[:3],
              vague="shorten each word to @ letters"),
    operation("first_words", _WORDS, "x[:@]", "keep the first @ words | take @ words from the "
              "start", constants=_FEW[:3], vague="keep @ of the words"),
    operation("last_words", _WORDS, "x[-@:]", "keep the last @ words | take @ words from the end",
              constants=_FEW[:3], vague="keep @ of the words"),
    operation("mark_words", _WORDS, "[w + @ for w in x]", "append @ to each word | put @ behind "
              "every word", constants=_MARKS, vague="mark each word with @"),
    operation("lead_words", _WORDS, "[@ + w for w in x]", "put @ in front of each word | begin "
              "every word with @", constants=_MARKS, vague="mark each word with @"),
    operation("number_words", _WORDS, "[w + str(i) for i, w in enumerate(x)]", "append to each "
              "word its index from zero | number the words from zero at their ends"),
    operation("word_sizes", ("words", "numbers"), "[len(w) for w in x]", "replace each word by its "
              "length | list the lengths of the words"),
    operation("how_many_words", ("words", "number"), "len(x)", "count the words | return how many "
              "words there are", vague="measure the list of words"),
    operation("all_letters", ("words", "number"), "sum(len(w) for w in x)", "add up the lengths of "
              "the words | count the letters of all words", vague="measure the list of words"),
    operation("join", ("words", "text"), "@.join(x)", "join the words with @ | put the words "
              "together with @ between them", constants=_JOINTS,
              vague="join the words | put the words together", vague_constants=("-", " ")),
    operation("initials", ("words", "text"), "''.join(w[:1] for w in x)", "join the first letters "
              "of the words | make an acronym", vague="take one letter of each word and join them"),
    operation("finals", ("words", "text"), "''.join(w[-1:] for w in x)", "join the last letters "
              "of the words | make a text of the final letters",
              vague="take one letter of each word and join them"),
    operation("longest", ("words", "text"), "max(x, key=len, default='')", "return the longest "
              "word, or an empty text | take the first of the longest words",
              vague="choose one word by its length"),
    operation("shortest", ("words", "text"), "min(x, key=len, default='')", "return the shortest "
              "word, or an empty text | take the first of the shortest words",
              vague="choose one word by its length"),
    operation("tally", ("words", "table"), "{w: x.count(w) for w in x}", "count each word in a "
              "dictionary | map each word to how often it occurs",
              vague="map each word to a number"),
    operation("measure", ("words", "table"), "{w: len(w) for w in x}", "map each word to its "
              "length | make a dictionary of word lengths", vague="map each word to a number"),
)  # fmt: skip

_TABLES = (
    operation("values_above", _TABLE, "{k: v for k, v in x.items() if v > @}", "keep the entries "
              "with a value above @ | drop entries whose value is at most @", constants=_DIGITS,
              vague="filter the entries at @"),
    operation("values_below", _TABLE, "{k: v for k, v in x.items() if v < @}", "keep the entries "
              "with a value below @ | drop entries whose value is at least @", constants=_DIGITS,
              vague="filter the entries at @"),
    operation("values_add", _TABLE, "{k: v + @ for k, v in x.items()}", "add @ to every value | "
              "increase the values by @", constants=_DIGITS, vague="change every value by @"),
    operation("values_times", _TABLE, "{k: v * @ for k, v in x.items()}", "multiply every value by "
              "@ | make the values @ times as large", constants=_DIGITS[1:],
              vague="change every value by @"),
    operation("keys_upper", _TABLE, "{k.upper(): v for k, v in x.items()}", "turn the keys into "
              "upper case | write the keys in capitals"),
    operation("even_values", _TABLE, "{k: v for k, v in x.items() if v % 2 == 0}", "keep the "
              "entries with an even value | drop entries with an odd value"),
    operation("keys", ("table", "words"), "sorted(x)", "list the keys in alphabetical order | "
              "return the sorted keys", vague="list the keys in order"),
    operation("keys_by_value", ("table", "words"), "sorted(x, key=x.get)", "list the keys by "
              "rising value | order the keys by their values", vague="list the keys in order"),
    operation("values", ("table", "numbers"), "list(x.values())", "list the values | take the "
              "values as a list"),
    operation("value_sum", ("table", "number"), "sum(x.values())", "add up the values | return the "
              "sum of the values", vague="reduce the values to one number"),
    operation("value_max", ("table", "number"), "max(x.values(), default=0)", "return the largest "
              "value, or 0 | take the maximum of the values, 0 for none",
              vague="reduce the values to one number"),
    operation("best_key", ("table", "text"), "max(x, key=x.get, default='')", "return the key with "
              "the largest value, or an empty text | name the first key of the highest value",
              vague="choose one key by its value"),
    operation("worst_key", ("table", "text"), "min(x, key=x.get, default='')", "return the key "
              "with the smallest value, or an empty text | name the first key of the lowest value",
              vague="choose one key by its value"),
    operation("entry_count", ("table", "number"), "len(x)", "count the entries | return how many "
              "keys there are"),
)  # fmt: skip

TEXT_OPERATIONS: tuple[Operation, ...] = (*_TEXTS, *_WORD_LISTS, *_TABLES)
"""All operations on strings, lists of words and dictionaries."""
