"""A single call to a model: batching, attempts, hedging, rate limits and spans."""
