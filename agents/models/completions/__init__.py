"""Parsing of completions: streams, reasoning, stop texts, log-probabilities and prefixes."""
