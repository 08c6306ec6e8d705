"""Code of the processes that hold a tree and run its commands; standard library only."""
