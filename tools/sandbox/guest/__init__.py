"""What runs inside the sandbox. Standard library only: nothing else of the package is there."""
