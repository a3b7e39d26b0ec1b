"""Where everything that is said of the real API is from, and how to look it up."""
