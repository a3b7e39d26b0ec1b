"""The command `images-mock`, which is `python -m mockserver` too."""

import gc


def main() -> None:
    """Run the command line. What it loads stays: the collector would look through it in vain."""
    gc.disable()  # until a server is ready; the other commands end soon
    from mockserver.cli import main

    main()


if __name__ == "__main__":
    main()
