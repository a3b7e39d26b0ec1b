"""What reads bytes from outside, each with one function that no bytes may break: see `__main__`."""
