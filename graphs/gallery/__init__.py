"""Published systems, one strategy per file, written to be read and copied."""
