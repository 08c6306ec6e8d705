"""The processes that hold a tree and run its commands. Standard library only."""
