"""Parse the reports of test runners, which are untrusted and may have any shape."""
