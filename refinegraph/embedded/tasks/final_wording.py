"""Tasks written by hand before training and evaluated once, when the model is finished.

Nothing that trains or tunes the model may import this module: a task that somebody has looked at no
longer shows how the model handles a stranger's statement. Only `benchmarks/embedded.py --final`
reads it.
"""

from refinegraph.embedded.tasks.handwritten import Written, labelled_task, spec
from refinegraph.schema import LabelledProblem

_TASKS: tuple[Written, ...] = (
    spec("odd_total", "Add up all the odd numbers of the list. odd_total(nums)",
        "nums: sum(v for v in nums if v % 2 == 1)", "[1, 2, 3] ; [4]", "[] ; [5, 5] ; [9, 8, 7]"),
    spec("flip_order", "Turn the list around. flip_order(xs)", "xs: xs[::-1]",
        "[1, 2, 3] ; [5, 4]", "[] ; [7] ; [1, 1, 2, 9]"),
    spec("loud_words", "Write every word of the list in capital letters: loud_words(ws).",
        "ws: [w.upper() for w in ws]", "['go', 'on'] ; ['a']", "[] ; ['Tea'] ; ['x', 'Yz']"),
    spec("shortest_name", "Which name is the shortest one? The first wins on a tie; nobody "
        "means ''. shortest_name(names)", "names: min(names, key=len, default='')",
        "['Anna', 'Bo'] ; ['abc', 'xyz']", "[] ; ['x'] ; ['dddd', 'ee', 'ff']"),
    spec("triple_it", "triple_it(n) is three times n.", "n: n * 3", "2 ; 5", "0 ; -4 ; 11"),
    spec("vowel_free", "Take all vowels out of the word. vowel_free(word)",
        "word: ''.join(c for c in word if c not in 'aeiou')", "'banana' ; 'tree'",
        "'' ; 'sky' ; 'queue'"),
    spec("big_ones", "From the prices, keep those of 5 or more. big_ones(prices)",
        "prices: [v for v in prices if v >= 5]", "[1, 5, 9] ; [4]", "[] ; [5] ; [0, 10, 3]"),
    spec("letters_sorted", "Sort the letters of the word alphabetically and return them as one "
        "string: letters_sorted(word).", "word: ''.join(sorted(word))", "'tea' ; 'cab'",
        "'' ; 'z' ; 'banana'"),
    spec("is_mirror", "Does the word read the same in both directions? is_mirror(word)",
        "word: word == word[::-1]", "'noon' ; 'tea'", "'' ; 'ab' ; 'radar'"),
    spec("negatives_out", "Throw out everything below zero and return how many are left: "
        "negatives_out(xs).", "xs: sum(v >= 0 for v in xs)", "[1, -1, 0] ; [-5]",
        "[] ; [3, 4] ; [-2, 0, 0]"),
    spec("first_and_up", "Sort the numbers upwards and give me the first three. "
        "first_and_up(numbers)", "numbers: sorted(numbers)[:3]", "[5, 1, 4, 2] ; [9, 3]",
        "[] ; [1] ; [7, 7, 0, 2]"),
    spec("spaces_gone", "Remove all blanks from the text. spaces_gone(text)",
        "text: text.replace(' ', '')", "'a b' ; 'no space'", "'' ; 'x' ; ' y z '"),
    spec("count_long", "Tell how many words are longer than 3 letters. count_long(words)",
        "words: sum(len(w) > 3 for w in words)", "['tea', 'milk'] ; ['river', 'oil', 'salt']",
        "[] ; ['abc'] ; ['abcd', 'efgh']"),
    spec("stock_total", "The stock is a dictionary from item to amount. stock_total(stock) "
        "says how many pieces there are in all.", "stock: sum(stock.values())",
        "{'pen': 2, 'ink': 5} ; {'a': 1}", "{} ; {'x': 0} ; {'p': 9, 'q': 8, 'r': 7}"),
    spec("item_names", "List the names in the dictionary alphabetically. item_names(stock)",
        "stock: sorted(stock)", "{'pen': 2, 'ink': 5} ; {'b': 1, 'a': 0}", "{} ; {'z': 3}"),
    spec("next_odd", "Double the number and add one. next_odd(n)", "n: n * 2 + 1",
        "1 ; 4", "0 ; 10 ; -3"),
    spec("last_word_of", "What is the last word of the sentence? last_word_of(sentence)",
        "sentence: sentence.split()[-1] if sentence.split() else ''", "'good day' ; 'one two "
        "three'",
        "'' ; 'x' ; 'a b c d'"),
    spec("each_half", "Halve every number, rounding down. each_half(values)",
        "values: [v // 2 for v in values]", "[4, 5] ; [1]", "[] ; [10, 7] ; [0, 3]"),
    spec("pairs_product_sum", "Multiply each number by itself and add the results. "
        "pairs_product_sum(xs)", "xs: sum(v * v for v in xs)", "[1, 2] ; [3]", "[] ; [2, 2, 2] ; "
        "[-4]"),
    spec("has_nine", "Is there a 9 in the list? has_nine(xs)", "xs: 9 in xs",
        "[1, 9] ; [2]", "[] ; [9, 9] ; [8, 7]"),
    spec("initial_caps", "Start each word of the list with a capital letter. "
        "initial_caps(words)", "words: [w.capitalize() for w in words]", "['tea', 'oil'] ; ['x']",
        "[] ; ['abc', 'Def'] ; ['a', 'b', 'c']"),
    spec("middle_sorted", "Sort the scores, then leave out the lowest and the highest. "
        "middle_sorted(scores)", "scores: sorted(scores)[1:-1]", "[3, 1, 2] ; [5, 9, 7, 6]",
        "[] ; [4] ; [2, 2, 2]"),
    spec("hash_each", "Put a # in front of every tag. hash_each(tags)",
        "tags: ['#' + w for w in tags]", "['a', 'bc'] ; ['x']", "[] ; [''] ; ['p', 'q']"),
    spec("sum_of_first", "Add up the first 3 numbers of the list. sum_of_first(xs)",
        "xs: sum(xs[:3])", "[1, 2, 3, 4] ; [5]", "[] ; [1, 1] ; [9, 9, 9, 9]"),
    spec("letters_in", "How many characters does the text have? letters_in(text)",
        "text: len(text)", "'tea' ; 'good day'", "'' ; 'x' ; 'abcdef'"),
    spec("thermometer", "A reading of more than 9 is shown as 9. thermometer(readings)",
        "readings: [min(v, 9) for v in readings]", "[3, 12] ; [9, 10]", "[] ; [1] ; [20, -3]"),
    spec("words_of_four", "Only words with exactly four letters count. words_of_four(words) "
        "lists them.", "words: [w for w in words if len(w) == 4]", "['milk', 'tea'] ; ['rose', "
        "'lily']",
        "[] ; ['abcd'] ; ['x', 'abcde']"),
    spec("step_sizes", "Return the differences between each number and the one before it. "
        "step_sizes(xs)", "xs: [b - a for a, b in zip(xs, xs[1:])]", "[1, 4, 6] ; [5, 3]",
        "[] ; [9] ; [2, 2, 2]"),
    spec("add_signature", "Append a dash to the text and return it: add_signature(text).",
        "text: text + '-'", "'hi' ; 'a b'", "'' ; '-' ; 'done'"),
    spec("biggest_gap", "The distance between the smallest and the largest number; 0 if there "
        "are none. biggest_gap(xs)", "xs: max(xs, default=0) - min(xs, default=0)",
        "[1, 9] ; [4]", "[] ; [-3, 3] ; [5, 5, 6]"),
    spec("reversed_words", "Spell each word in the list from back to front. reversed_words(ws)",
        "ws: [w[::-1] for w in ws]", "['ab', 'cd'] ; ['tea']", "[] ; ['x'] ; ['abc', 'noon']"),
    spec("digits_of", "List the digits of a positive number. digits_of(n)",
        "n: [int(c) for c in str(n)]", "123 ; 40", "7 ; 100 ; 9876"),
    spec("digits_added", "Add the digits of the number together. digits_added(n)",
        "n: sum(int(c) for c in str(n))", "123 ; 40", "7 ; 100 ; 999"),
    spec("only_repeated", "Which numbers come up more than once? Leave all of their "
        "occurrences in the list. only_repeated(xs)", "xs: [v for v in xs if xs.count(v) > 1]",
        "[1, 2, 1] ; [3]", "[] ; [4, 4] ; [1, 2, 2, 3, 3]"),
    spec("even_places", "Take every second element, beginning with the first. even_places(xs)",
        "xs: xs[::2]", "[1, 2, 3] ; [5, 6]", "[] ; [9] ; [1, 2, 3, 4, 5]"),
    spec("title_of", "Write the phrase as a title, each word with a capital. title_of(phrase)",
        "phrase: phrase.title()", "'good day' ; 'tea'", "'' ; 'a b c' ; 'red apple pie'"),
    spec("too_cheap", "Name the products that cost less than 3, sorted by name. "
        "too_cheap(prices)", "prices: sorted(k for k, v in prices.items() if v < 3)",
        "{'tea': 2, 'wine': 9} ; {'b': 1, 'a': 0}", "{} ; {'x': 3} ; {'p': 2, 'q': 5, 'o': 1}"),
    spec("weighted", "Multiply each number by its position, counting from zero, and sum up. "
        "weighted(xs)", "xs: sum(v * i for i, v in enumerate(xs))", "[5, 1, 2] ; [3]",
        "[] ; [1, 1, 1] ; [0, 9]"),
    spec("starts_with_s", "Keep the words that begin with s. starts_with_s(words)",
        "words: [w for w in words if w.startswith('s')]", "['sun', 'tea'] ; ['salt', 'stone']",
        "[] ; ['x'] ; ['as', 's']"),
    spec("unique_count", "How many different numbers are there? unique_count(xs)",
        "xs: len(set(xs))", "[1, 1, 2] ; [3]", "[] ; [5, 5, 5] ; [1, 2, 3]"),
    spec("shop_sign", "Write the name in capitals and surround it with stars: *NAME*. "
        "shop_sign(name)", "name: '*' + name.upper() + '*'", "'tea' ; 'oil'", "'' ; 'a b' ; 'Go'"),
    spec("after_tax", "Take 4 from each amount and drop those that are no longer positive. "
        "after_tax(amounts)", "amounts: [v - 4 for v in amounts if v - 4 > 0]", "[5, 4, 9] ; [1]",
        "[] ; [6] ; [4, 4, 10]"),
    spec("factors", "Which numbers divide n without a remainder? factors(n)",
        "n: [v for v in range(1, n + 1) if n % v == 0]", "6 ; 7", "1 ; 12 ; 9"),
    spec("dash_title", "Small letters, and a dash instead of each blank. dash_title(text)",
        "text: text.lower().replace(' ', '-')", "'Good Day' ; 'Tea'", "'' ; 'A B C' ; 'x y'"),
    spec("ascending", "Are the numbers in order, smallest first? ascending(xs)",
        "xs: xs == sorted(xs)", "[1, 2] ; [3, 1]", "[] ; [1, 1] ; [5, 6, 2]"),
    spec("joined_lengths", "Glue the words together and count the letters. joined_lengths(words)",
        "words: len(''.join(words))", "['ab', 'c'] ; ['tea']", "[] ; [''] ; ['abc', 'de']"),
    spec("most_points", "Return the highest score, or 0 when nobody played. most_points(scores)",
        "scores: max(scores, default=0)", "[3, 9] ; [4]", "[] ; [-1, -2] ; [7, 7]"),
    spec("no_edges", "Forget the first two and the last number. no_edges(xs)",
        "xs: xs[2:-1]", "[1, 2, 3, 4] ; [5, 6, 7]", "[] ; [1] ; [9, 8, 7, 6, 5]"),
    spec("rank_words", "Order the words by their length, short ones first. rank_words(words)",
        "words: sorted(words, key=len)", "['milk', 'tea'] ; ['a', 'bb', 'c']",
        "[] ; ['x'] ; ['abc', 'de', 'f']"),
    spec("run_total", "After each number, how large is the sum so far? run_total(xs)",
        "xs: [sum(xs[:i + 1]) for i in range(len(xs))]", "[1, 2, 3] ; [5]", "[] ; [0, 1] ; [-1, "
        "1, 4]"),
    spec("square_then_sort", "Square all numbers and sort the results from high to low. "
        "square_then_sort(xs)", "xs: sorted((v * v for v in xs), reverse=True)", "[1, -3, 2] ; [4]",
        "[] ; [0, 5] ; [-2, -1]"),
    spec("remainder_of", "What is left over when n is shared among 4 people? remainder_of(n)",
        "n: n % 4", "7 ; 8", "0 ; 1 ; 30"),
    spec("twice_over", "Say the word two times in a row, no blank between. twice_over(word)",
        "word: word * 2", "'tea' ; 'go'", "'' ; 'x' ; 'a b'"),
    spec("no_short", "Leave out the words of fewer than three letters and count the others. "
        "no_short(words)", "words: sum(len(w) >= 3 for w in words)", "['a', 'tea'] ; ['go', 'no']",
        "[] ; ['abc'] ; ['ab', 'abc', 'abcd']"),
    spec("clean_even", "Without duplicates and without odd numbers, what remains, in order? "
        "clean_even(xs)", "xs: [v for v in dict.fromkeys(xs) if v % 2 == 0]", "[2, 2, 3] ; [4, "
        "1, 4]",
        "[] ; [1] ; [6, 2, 6, 2]"),
    spec("tally_words", "How often does each word appear? Answer with a dictionary. "
        "tally_words(words)", "words: {w: words.count(w) for w in words}", "['a', 'b', 'a'] ; "
        "['x']",
        "[] ; ['p', 'p'] ; ['c', 'b', 'a']"),
    spec("cents", "Turn dollars into cents, one dollar being 100 of them. cents(dollars)",
        "dollars: dollars * 100", "1 ; 5", "0 ; 12 ; 7"),
    spec("second_last", "Swap the case of every letter and read the text backwards. "
        "second_last(text)", "text: text.swapcase()[::-1]", "'aB' ; 'Tea'", "'' ; 'x' ; 'Go On'"),
    spec("above_mean", "Who scored better than the average? Return their scores. "
        "above_mean(scores)", "scores: [v for v in scores if v * len(scores) > sum(scores)]",
        "[1, 2, 9] ; [5, 5]", "[] ; [4] ; [0, 10, 6]"),
    spec("vowels_count", "Count the vowels in each... no, in the whole sentence: "
        "vowels_count(sentence).", "sentence: sum(c in 'aeiou' for c in sentence)",
        "'good day' ; 'sky'", "'' ; 'aeiou' ; 'milk tea'"),
)  # fmt: skip


def final_wording_tasks() -> tuple[LabelledProblem, ...]:
    """Return the tasks that are evaluated only once.

    >>> len(final_wording_tasks())
    60
    """
    return tuple(labelled_task(task) for task in _TASKS)
