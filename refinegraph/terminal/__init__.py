"""Views of runs, evaluations and graphs for a terminal."""
