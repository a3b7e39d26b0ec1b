"""These files are a user's: tests/test_how_to.py runs them in a project of their own."""

collect_ignore_glob = ["test_*.py", "agents/test_*.py", "storm/test_*.py"]
