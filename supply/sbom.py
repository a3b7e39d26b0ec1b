"""What a package and all that it needs consist of, as a CycloneDX document. Installs nothing.

    python supply/sbom.py > sbom.cdx.json

Tells what is installed where it runs: the packages that openai-images-mock needs, their licences,
what needs what, and what each says that it carries (PEP 770: libraries in Pillow's wheels, the font
in ours). The operating system's packages are not in it. The same packages, the same bytes. Where
more is installed, what is needed on other systems only is in it too, if it is there.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

PACKAGE = "openai-images-mock"
#: What is told of a part that a package carries: no references, which are its own document's.
TOLD = ("type", "name", "version", "purl", "licenses", "hashes", "copyright", "externalReferences")


def bom(package: str = PACKAGE) -> dict[str, Any]:
    """The document: https://cyclonedx.org/docs/1.6/json/."""
    parts = dict(sorted(closure(package).items()))
    [whole, *others] = sorted(parts.values(), key=lambda part: name_of(part) != package)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**component(whole), "type": "application"}},
        "components": [*map(component, others), interpreter()],
        "dependencies": [
            {"ref": purl(part), "dependsOn": sorted(purl(parts[n]) for n in needs(part) & {*parts})}
            for part in parts.values()
        ],
        # The parts are all there, but for the operating system under them.
        "compositions": [{"aggregate": "incomplete", "assemblies": [purl(whole)]}],
    }


def closure(package: str) -> dict[str, Distribution]:
    """What is installed of a package and of all that it needs, by name."""
    found: dict[str, Distribution] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # needed elsewhere: on another system, on another Python
        waiting += needs(found[name])
    return found


def needs(part: Distribution) -> set[str]:
    """The names of what a package always needs, wherever that is."""
    names = (re.match(r"[\w.-]+", r) for r in part.requires or [] if "extra ==" not in r)
    return {normalized(name[0]) for name in names if name}


def component(part: Distribution) -> dict[str, Any]:
    """A package, with what it carries."""
    told = {
        "type": "library",
        "bom-ref": purl(part),
        "name": name_of(part),
        "version": part.version,
        "purl": purl(part),
        "licenses": licences(part),
        "components": sorted(carried(part), key=json.dumps),
    }
    return {key: value for key, value in told.items() if value}


def licences(part: Distribution) -> list[dict[str, Any]]:
    """The licence by its SPDX expression; of older packages by the name that they give it."""
    told = part.metadata
    if "License-Expression" in told:
        return [{"expression": told["License-Expression"]}]
    classified = [c for c in told.get_all("Classifier") or [] if c.startswith("License ::")]
    names = [c.rpartition(" :: ")[2] for c in classified] or told.get_all("License") or []
    return [{"license": {"name": name}} for name in sorted(names)]


def carried(part: Distribution) -> Iterator[dict[str, Any]]:
    """What a package's own documents say is in it, each thing once."""
    seen = {name_of(part)}
    for file in sorted(part.files or []):
        if file.parent.name != "sboms" or file.suffix != ".json":
            continue
        for thing in json.loads(file.read_text("utf-8")).get("components", []):
            if thing["name"].lower() not in seen:
                seen.add(thing["name"].lower())
                yield {key: thing[key] for key in TOLD if key in thing}


def interpreter() -> dict[str, Any]:
    """The Python that runs it all."""
    version = platform.python_version()
    return {"type": "platform", "name": "cpython", "version": version}


def name_of(part: Distribution) -> str:
    return normalized(part.metadata["Name"])


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def purl(part: Distribution) -> str:
    """A package's URL (purl-spec), which stands for it in the document."""
    return f"pkg:pypi/{name_of(part)}@{part.version}"


if __name__ == "__main__":
    json.dump(bom(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
