"""The training of the model that ships with the package; this code is not installed."""
