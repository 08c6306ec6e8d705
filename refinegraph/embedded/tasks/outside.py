"""Statements outside the model's scope: questions about the world, and other kinds of programs."""

import random
import re
from collections.abc import Iterator
from importlib.resources import files

_LISTS: dict[str, tuple[str, ...]] = {
    "country": ("Norway", "Peru", "Kenya", "Japan", "Chile", "Egypt", "Poland", "India", "Cuba",
                "Iceland", "Vietnam", "Morocco", "Canada", "Greece", "Laos", "Nepal"),
    "city": ("Oslo", "Lima", "Nairobi", "Kyoto", "Cairo", "Warsaw", "Delhi", "Havana", "Athens",
             "Hanoi", "Rabat", "Toronto", "Boston", "Vienna", "Madrid", "Seoul"),
    "person": ("Newton", "Bach", "Cleopatra", "Darwin", "Mozart", "Gandhi", "Curie", "Picasso",
               "Shakespeare", "Napoleon", "Turing", "Gauss", "my uncle", "the president"),
    "language": ("French", "German", "Spanish", "Latin", "Russian", "Java", "Rust", "Haskell",
                 "Chinese", "Arabic", "Hindi", "Swedish", "C++", "JavaScript"),
    "topic": ("gravity", "photosynthesis", "inflation", "democracy", "black holes", "evolution",
              "the French revolution", "machine learning", "quantum mechanics", "climate change",
              "chess openings", "how engines work", "the stock market", "vaccines", "the Bible",
              "recursion", "garbage collection", "TCP", "relational databases", "opera"),
    "thing": ("a bicycle", "a cake", "a garden", "a violin", "a contract", "a car", "a telescope",
              "a laptop", "a resume", "a wedding", "a startup", "a mortgage", "bread", "coffee"),
    "animal": ("whale", "spider", "eagle", "penguin", "wolf", "horse", "snake", "tiger", "ant"),
    "verb": ("repair", "buy", "clean", "build", "sell", "paint", "describe", "compare", "choose"),
    "feeling": ("sad", "tired", "happy", "bored", "nervous", "angry", "lonely", "proud"),
    "text": ("a poem", "an essay", "a letter", "a story", "a song", "a speech", "a joke",
        "a recipe",
             "an email", "a review", "a press release", "a tweet", "a diary entry"),
    "file": ("data.csv", "report.pdf", "config.yaml", "users.json", "photo.jpg", "log.txt",
        "a.xml"),
    "system": ("a web server", "a chat client", "a REST API", "a database schema",
        "a game of chess",
               "a compiler", "a neural network", "a linked list", "a binary search tree",
               "a hash map", "an LRU cache", "a thread pool", "a bank account class", "a website",
               "a Docker file", "a regular expression engine", "a spreadsheet", "a calendar app"),
    "problem": ("the shortest path in a graph", "the longest common subsequence",
        "all permutations",
                "the edit distance of two texts", "the determinant of a matrix", "the nearest pair "
                "of points", "a valid sudoku", "the convex hull", "all subsets that sum to 10",
                "the inverse of a matrix", "the roots of a polynomial", "the area of a polygon",
                "the largest rectangle in a histogram", "a minimum spanning tree", "the day of "
                "the week of a date", "overlapping intervals", "balanced brackets",
                "the n-th prime"),
    "name": ("parse_date", "fetch_page", "draw_circle", "train", "connect", "load_image", "encrypt",
             "send_mail", "render", "transpose", "dijkstra", "tokenize", "schedule", "login"),
    "args": ("path", "url", "image", "graph", "matrix", "date", "user", "board", "tree", "node",
             "grid", "request", "a, b, c", "points", "db", "rows"),
    "number": ("3", "7", "12", "25", "40", "150", "1969", "0.5", "1000", "64"),
    "unit": ("kilometres", "dollars", "degrees", "hours", "pounds", "litres", "miles", "years"),
}  # fmt: skip
_TEMPLATES = (
    "What is the capital of <country>?", "How far is it from <city> to <city>?",
    "Who was <person>?", "When was <person> born?", "How many people live in <city>?",
    "Translate this into <language>.", "How do you say good morning in <language>?",
    "Explain <topic>.", "Explain <topic> to a child.", "What is <topic>?",
        "Why does <topic> matter?",
    "Write <text> about <topic>.", "Write <text> for <person>.",
        "Write me <text> about a <animal>.",
    "How do I <verb> <thing>?", "Where can I buy <thing>?", "Should I <verb> <thing>?",
    "I feel <feeling> today.", "Why am I <feeling>?", "Tell me about <person>.", "Hello",
    "Good morning, how are you?", "Which is larger, <country> or <country>?",
    "Convert <number> <unit> to <unit>.", "What does a <animal> eat?", "Do <animal>s sleep?",
    "How long does a <animal> live?", "Solve the equation <number>x + <number> = <number>.",
    "A train travels <number> miles in <number> hours. How fast is it?",
    "Anna has <number> apples and gives <number> away. How many are left?",
    "What is <number> percent of <number>?", "Read <file> and print its rows.",
    "Open <file> and upload it.", "Implement <system>.", "Write <system> in <language>.",
    "Design <system>.", "Write a function that finds <problem>.", "Find <problem>.",
    "Write <name>(<args>) that finds <problem>.", "Write <name>(<args>) for <system>.",
    "def <name>(<args>):", "Implement <name>(<args>).", "Fix the bug in <name>(<args>).",
    "Write a query that joins two tables.", "SELECT * FROM users WHERE id = <number>",
    "Download the page and extract all links.", "Summarize the following article.",
    "What is the weather in <city>?", "Recommend a book about <topic>.", "What time is it?",
    "Can you help me with <thing>?", "Prove that there is no largest prime.",
    "Compute the integral of x^<number>.", "Is <person> still alive?", "Sing <text>.",
    "Write a test for <system>.", "Refactor this class.", "Explain the error in line <number>.",
    "How does <system> work?", "Name three rivers in <country>.", "Plan a trip to <city>.",
    "Given a tree, return its depth.", "Given a matrix, return its transpose: <name>(matrix).",
    "Given a graph, <name>(<args>) returns <problem>.", "Write <name>(<args>) using <language>.",
    "The opposite of <feeling> is what?", "Rewrite this sentence politely.", "What's up?",
    "<name>(<args>) loads <file> and returns its contents.", "Plot the data in <file>.",
    "Write a class for <thing>.", "Make <system> faster.", "<text> about <topic>, please",
    "<name>([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]", "Who won the world cup in <number>?",
    "Why is the sky blue?", "<topic>", "<topic>?", "<verb> <thing>", "asdf", "lorem ipsum dolor",
    "Write a Python script that renames files.", "Generate a random password.",
    "Print the current date.", "Ask the user for a name and greet them.",
        "Sleep for <number> seconds.",
    "Return the factorial series modulo a prime using matrices.", "Simulate <system>.",
)  # fmt: skip
_SLOT = re.compile(r"<(\w+)>")


def outside_statements(count: int, *, seed: int = 0) -> Iterator[str]:
    """Yield statements for training; equal arguments give equal statements.

    >>> next(outside_statements(1, seed=4)) == next(outside_statements(1, seed=4))
    True
    """
    rng = random.Random(f"outside {seed}")
    for _ in range(count):
        statement = rng.choice(_TEMPLATES)
        statement = _SLOT.sub(lambda slot: rng.choice(_LISTS[slot[1]]), statement)
        if rng.random() < 0.12:
            statement = (
                rng.choice(("Please: ", "Hi! ", "Quick question. ", "Homework: ")) + statement
            )
        yield statement[:1].lower() + statement[1:] if rng.random() < 0.12 else statement


def outside_questions() -> tuple[str, ...]:
    """Return one hundred handwritten general questions that are never used for training.

    >>> len(outside_questions())
    100
    """
    table = files("refinegraph.embedded.tasks").joinpath("outside_questions.txt")
    return tuple(table.read_text("utf-8").splitlines())
