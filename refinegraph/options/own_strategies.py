"""The package's own strategies by name, for help and completion, which must not load a graph."""

OWN_STRATEGIES = {
    "single": "one answer, checked but not refined",
    "self-consistency": "several samples and a majority vote",
    "best-of-n": "several samples; the one with the best evidence wins",
    "sample-until": "samples one at a time until one passes or the vote is settled",
    "self-refine": "one answer, reviewed and repaired round by round",
    "magicore": "several samples; hard problems are reviewed and refined together",
    "adaptive": "few samples first; more, or repairs, while they are worth their tokens",
}
"""Names with their summaries, as the registry of strategies has them."""
