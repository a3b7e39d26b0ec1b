"""Keep what a failed test asked for: the journal as JSON, and the pictures. Judges nothing."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver.client.fetch import NO_ANSWER, fetch
from mockserver.client.journal_file import content_of, told_by
from mockserver.client.requests import Request
from mockserver.client.sandbox import Sandbox
from mockserver.core.picture import MEDIA
from mockserver.core.uploads import header

_PATH = "/images/generations"
_LAST = 10  # requests whose pictures are kept
_PATIENCE = 10  # seconds for a picture
_UNSAFE = re.compile(r"[^\w.=-]+")
_LONGEST = 150  # letters of a name


def keep(place: Path, test: str, seen: Sandbox, spare: Sandbox, options: Mapping[str, Any]) -> Path:
    """Write journal and pictures of a test's sandbox into a directory of its own below `place`.

    The journal is as `images-mock journal save` writes it: `images-mock verdict` reads it.
    Pictures are drawn once more, in a spare sandbox, from what was asked: the same request gives
    the same picture. Those that were made of uploads are left out, for the journal has no uploads.
    """
    place /= _UNSAFE.sub("-", test)[-_LONGEST:].strip("-.")
    place.mkdir(parents=True, exist_ok=True)
    journal = told_by(seen._remote)
    (place / "journal.json").write_bytes(content_of(journal))
    requests = [*map(Request.of, journal["requests"])]
    spare.begin(**of_pictures(options), tier="off")
    for number, request in list(enumerate(requests, 1))[-_LAST:]:
        if request.status == 200:
            for index, picture in enumerate(drawn(spare, request), 1):
                (place / f"{number}-{index}.{_ending(picture)}").write_bytes(picture)
    return place


def of_pictures(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a sandbox that its pictures depend on."""
    return {name: options[name] for name in ("as_of", "repeats", "seed") if name in options}


def _ending(picture: bytes) -> str:
    """How the name of a picture's file ends."""
    found = header(picture)
    return MEDIA[found.format if found else "SVG"][1]


def drawn(sandbox: Sandbox, request: Request) -> Iterator[bytes]:
    """The pictures of a request, not streamed; none where it can't be repeated."""
    if not request.path.endswith(_PATH):
        return
    body = {k: v for k, v in request.sent.items() if k not in ("stream", "partial_images")}
    if "response_format" in request.fields:
        body["response_format"] = "b64_json"
    headers = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/json"}
    content = json.dumps(body).encode()
    try:
        answer = fetch(f"{sandbox.url}{_PATH}", headers, content, patience=_PATIENCE)
        drawn = json.loads(answer.content) if answer.status == 200 else {}
    except NO_ANSWER:
        return
    for item in drawn.get("data", []):
        yield b64decode(item["b64_json"])
