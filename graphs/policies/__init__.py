"""Policies: what a run does next."""
