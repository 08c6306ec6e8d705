"""Refine answers of language models with a graph of agents."""
