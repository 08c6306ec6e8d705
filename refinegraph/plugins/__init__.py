"""Plug-ins for programs of others; each is imported by its program alone."""
