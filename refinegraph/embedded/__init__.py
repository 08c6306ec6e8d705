"""The tiny language model that ships with the package, and the family of tasks it was made for."""
