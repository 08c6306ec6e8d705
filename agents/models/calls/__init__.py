"""One call to a model: batches, attempts, hedging, rate limits and spans."""
