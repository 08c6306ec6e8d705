"""Reading completions: streams, thinking, stop texts, log-probabilities and prefixes."""
