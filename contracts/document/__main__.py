"""Writes the contract of a day.

python -m contracts.document                writes openapi.yaml, the contract of the default day
python -m contracts.document --check        fails when openapi.yaml is not current
python -m contracts.document --as-of DATE   prints the contract of another day, with the API's sizes
python -m contracts.document --shape FILE   prints the shape of a published document, as vendor.toml
With --facts DIR before these, a directory's models are in it too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from contracts.document.build import DOCUMENT, build, day_in, rendered
from contracts.document.reading import read_yaml
from contracts.document.shape import as_toml, compared, shape_of
from mockserver.facts import read_from

_COMMAND = "python -m contracts.document"


def main(arguments: list[str]) -> str | None:
    """Write, check or print; what is returned is the complaint."""
    match arguments:
        case []:
            DOCUMENT.write_text(rendered(build()), "utf-8")
        case ["--check"]:
            current = DOCUMENT.is_file() and DOCUMENT.read_text("utf-8") == rendered(build())
            return None if current else f"openapi.yaml is not current: run {_COMMAND}"
        case ["--as-of", text]:
            try:
                day = day_in(text)
            except ValueError as error:
                return f"--as-of: {error}"
            sys.stdout.write(rendered(build("api", day)))
        case ["--shape", file]:
            published = read_yaml(Path(file).read_text("utf-8"))
            sys.stdout.write("".join(as_toml(shape_of(compared(published)))))
        case ["--facts", directory, *others]:
            read_from(Path(directory))
            return main(others)
        case _:
            return __doc__
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
