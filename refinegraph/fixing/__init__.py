"""Repair a checkout: baseline, localisation, candidates side by side, a proved patch."""
