"""The cost of calls: token counts, budgets, bills and the answer cache."""
