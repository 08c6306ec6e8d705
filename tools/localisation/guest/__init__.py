"""Code that runs in the interpreter of the tests; it must not import this package."""
