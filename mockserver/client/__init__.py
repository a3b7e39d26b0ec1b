"""A server's client, for tests in Python: a sandbox, its rules, what was sent. Loads no server."""
