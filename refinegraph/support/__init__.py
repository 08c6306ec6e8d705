"""General-purpose helpers: threads, files, JSON, signatures, secrets and retries."""
