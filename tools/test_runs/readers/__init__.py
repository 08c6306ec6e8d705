"""Read what test runners report, believing nothing about its shape."""
