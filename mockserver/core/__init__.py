"""What the API decides, as pure functions: no I/O, no clock, no chance, no web framework."""
