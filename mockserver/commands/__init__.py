"""Commands that few call, a module each, loaded when they are. Only parse and print."""
