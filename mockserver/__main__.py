"""`python -m mockserver`: the same as `images-mock`."""

from mockserver.cli import main

if __name__ == "__main__":
    main()
