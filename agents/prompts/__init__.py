"""agents/prompts."""
