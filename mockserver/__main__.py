"""The command `images-mock`, which is `python -m mockserver` too."""

import gc
import sys

from mockserver import __version__


def main() -> None:
    """Run the command line. What it loads stays: the collector would look through it in vain."""
    if sys.argv[1:] == ["--version"]:  # as click would say it, without loading it
        sys.stdout.write(f"images-mock, version {__version__}\n")
        return
    gc.disable()  # until a server is ready; the other commands end soon
    from mockserver.cli import main

    main()


if __name__ == "__main__":
    main()
