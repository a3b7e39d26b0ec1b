"""Draws placeholder pictures as pure functions, down to the bytes of their PNG."""
