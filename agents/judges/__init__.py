"""Chat models that score candidates, one by one or against each other."""
