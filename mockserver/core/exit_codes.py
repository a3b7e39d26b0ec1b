"""With what the command's processes end, as docs/settings.md and `--help` tell it."""

UNKNOWN, USAGE, CONFIGURATION, NOT_READY, FOUND, INTERNAL = 1, 2, 3, 4, 5, 70
