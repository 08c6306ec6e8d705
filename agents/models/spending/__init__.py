"""What calls cost: token counts, budgets, bills and the cache of answers."""
