"""Repair a checkout: find the fault, propose patches, and prove one with the checkout's tests."""
