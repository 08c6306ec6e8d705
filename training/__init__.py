"""How the model inside the package was made; not part of what is installed."""
