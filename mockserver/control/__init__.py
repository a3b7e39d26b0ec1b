"""The control API under /_mock: what a test asks and sets over HTTP."""
