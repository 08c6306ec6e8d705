"""agents/models."""
