"""The contract of the Images API, and what holds a server to it."""
