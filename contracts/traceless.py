"""Lets a run leave nothing where it was started. Hypothesis keeps files there, asked or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def traceless() -> Iterator[None]:
    """Give Hypothesis a folder that goes, while this is open.

    It reads its table of characters and the constants of the user's modules from there, and writes
    them, `database=None` or not.
    """
    from hypothesis.configuration import set_hypothesis_home_dir

    with TemporaryDirectory(prefix="images-mock-contract-") as folder:
        set_hypothesis_home_dir(Path(folder))
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
