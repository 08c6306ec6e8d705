"""Published systems, one a file: each a strategy by its name, written to be read and copied."""
