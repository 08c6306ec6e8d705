"""Helpers that know nothing of the subject: threads, files, JSON, signatures, secrets, retries."""
