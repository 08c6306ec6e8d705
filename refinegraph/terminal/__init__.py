"""What a person sees: renderables of a run, and nothing that runs it."""
