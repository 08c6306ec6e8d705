"""What runs inside the tests' own interpreter; it imports nothing of this package."""
