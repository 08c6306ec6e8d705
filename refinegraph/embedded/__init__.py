"""The small language model that ships with the package, and the tasks on which it was trained."""
