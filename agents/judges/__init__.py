"""Judges: chat models that score candidates, individually or by comparing them."""
