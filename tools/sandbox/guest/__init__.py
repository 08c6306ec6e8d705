"""Code that runs inside the sandbox, where only the standard library is available."""
