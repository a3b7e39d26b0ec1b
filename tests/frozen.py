"""Many requests on many days, and a digest of each whole answer, to hold a change of the code to.

`python -m tests.frozen` writes the digests anew; `python -m tests.frozen DIR` the answers, to compare.
"""

from __future__ import annotations

import io
import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.in_process import client_of

FILE = Path(__file__).with_name("frozen.json")
DAYS = (
    *("2022-11-20", "2023-02-10", "2023-08-01", "2023-11-20", "2024-03-01", "2025-03-31"),
    *("2025-04-18", "2025-06-01", "2025-10-01", "2026-01-10", "2026-05-20", "2026-09-01"),
)
AUTH = {"Authorization": "Bearer sk-mock-me"}


def png(mode: str, side: int = 32, other: int | None = None) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new(mode, (side, other or side)).save(file, "PNG")
    return file.getvalue()


BODIES: tuple[Any, ...] = (
    {"prompt": "a red fox in the snow"},
    {"prompt": "a red fox in the snow", "model": "dall-e-2", "n": 2, "size": "256x256"},
    {"prompt": "a fox", "response_format": "b64_json", "size": "512x512", "n": 2, "user": "me"},
    {"prompt": "a fox", "size": "1024x1536"},
    {"prompt": "a fox", "model": "dall-e-3"},
    {
        "prompt": "a fox",
        "model": "dall-e-3",
        "quality": "hd",
        "style": "natural",
        "size": "1792x1024",
    },
    {"prompt": "a fox", "model": "dall-e-3", "response_format": "b64_json"},
    {"prompt": "a fox", "quality": "standard"},
    {"prompt": "a fox", "style": "vivid"},
    {"prompt": "a fox", "quality": "best"},
    {"prompt": "a fox", "model": "dall-e-3", "n": 2},
    {"prompt": "a fox", "model": "dall-e-3", "size": "256x256"},
    {"prompt": "a fox", "size": "300x300"},
    {"prompt": "a fox", "size": 256},
    {"prompt": "a fox", "size": None, "n": None, "response_format": None, "user": None},
    {"prompt": "a fox", "model": None},
    {"prompt": "a fox", "model": 7},
    {"prompt": "a fox", "model": "gpt-image-1"},
    {"prompt": "a fox", "model": "no-such-model"},
    {"prompt": "a fox", "n": 0},
    {"prompt": "a fox", "n": 11},
    {"prompt": "a fox", "n": "2"},
    {"prompt": "a fox", "n": 2.0},
    {"prompt": "a fox", "n": True},
    {"prompt": "a fox", "response_format": "png"},
    {"prompt": "a fox", "user": 123},
    {"prompt": "a fox", "seed": 3},
    {"prompt": "a fox", "seed": 3, "steps": 4},
    {"prompt": ""},
    {"prompt": "x" * 1001},
    {"prompt": "x" * 4001, "model": "dall-e-3"},
    {"prompt": 5},
    {"prompt": None},
    {"n": 1},
    {},
    [],
    "text",
    {"prompt": "mock:refuse a fox"},
    {"prompt": "mock:429x2 a fox"},
    {"prompt": "שלום עולם 🦊 (5-7%)", "n": 3, "size": "256x256", "response_format": "b64_json"},
)
PNG = "image/png"
INLINE = re.compile(rb'(?<="b64_json": ")([^"]+)')
EDITS: tuple[tuple[str, dict[str, str], dict[str, tuple[str, bytes, str]]], ...] = (
    ("edits", {"prompt": "a hat", "size": "256x256"}, {"image": ("a.png", png("RGBA"), PNG)}),
    (
        "edits",
        {"prompt": "a hat", "n": "2", "response_format": "b64_json", "size": "256x256"},
        {"image": ("a.png", png("RGB"), PNG), "mask": ("m.png", png("RGBA"), PNG)},
    ),
    ("edits", {"prompt": "a hat"}, {"image": ("a.png", png("RGB"), PNG)}),
    ("edits", {"prompt": "a hat"}, {"image": ("a.png", png("RGBA", 32, 16), PNG)}),
    ("edits", {"prompt": "a hat"}, {"image": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")}),
    ("edits", {"prompt": "a hat"}, {"image": ("a", png("RGBA"), "application/octet-stream")}),
    (
        "edits",
        {"prompt": "a hat"},
        {"image": ("a.png", png("RGBA"), PNG), "mask": ("m.png", png("RGBA", 16), PNG)},
    ),
    (
        "edits",
        {"prompt": "a hat"},
        {"image": ("a.png", png("RGBA"), PNG), "mask": ("m.png", png("RGB"), PNG)},
    ),
    ("edits", {}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat", "n": "two"}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat", "quality": "hd"}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat", "model": "dall-e-3"}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat", "model": "gpt-image-1"}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat"}, {"image[]": ("a.png", png("RGBA"), PNG)}),
    ("edits", {"prompt": "a hat"}, {}),
    ("variations", {"size": "256x256", "n": "2"}, {"image": ("a.png", png("RGB"), PNG)}),
    ("variations", {"response_format": "b64_json"}, {"image": ("a.png", png("RGBA"), PNG)}),
    ("variations", {}, {"image": ("a.png", png("LA"), PNG)}),
    ("variations", {"prompt": "a hat"}, {"image": ("a.png", png("RGB"), PNG)}),
    ("variations", {"n": "11"}, {"image": ("a.png", png("RGB"), PNG)}),
)
#: Days on which GPT image models were offered, each with rules of its own.
GPT_DAYS = (
    *("2025-04-25", "2025-10-10", "2026-01-10", "2026-06-10", "2026-09-20", "2026-10-24"),
    *("2026-11-28", "2026-12-02"),
)
GPT_MODELS = (
    *("gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5-2025-12-16", "chatgpt-image-latest"),
    *("gpt-image-2", "gpt-image-2.5-flare", "gpt-image-2.6-sunburst"),
)
GPT_BODIES: tuple[Any, ...] = (
    {},
    {"quality": "low", "size": "1024x1024", "n": 2, "user": "me", "moderation": "low"},
    {"quality": "max", "size": "1536x1024"},
    {"size": "1536x864"},
    {"size": "9x9"},
    {"background": "transparent"},
    {"output_format": "gif"},
    {"output_compression": 50},
    {"stream": True, "n": 2},
    {"response_format": "url", "safety_identifier": "me"},
    {"prompt": "mock:refuse a fox"},
    {"prompt": "mock:429x2 a fox"},
)
RULES: tuple[Any, ...] = (
    {"when": {"prompt": "rated"}, "then": {"rate_limit": {"retry_after": 7}}, "times": 1},
    {"when": {"prompt": {"contains": "gate"}}, "then": {"gateway": 502}},
    {
        "when": {"size": "256x256", "n": 2},
        "then": {"picture": "truncated", "headers": {"x-a": "b"}},
    },
    {"when": {"model": "dall-e-*", "prompt": "less"}, "then": {"pictures": 1}},
    {"when": {"prompt": "form"}, "then": {"response_format": "b64_json"}},
    {"when": {"prompt": "down"}, "then": {"download": {"respond": 503, "first": 1}}},
    {"when": {"prompt": "old"}, "then": {"expired_url": True, "content_type": "text/plain"}},
    {"when": {"prompt": "own"}, "then": {"respond": {"status": 201, "body": {"a": 1}}}},
)
REASONS = (
    *("missing_parameter", "wrong_type", "not_one_of", "too_large", "prompt_too_long"),
    *(
        "unknown_model",
        "over_limit",
        "hard_limit",
        "file_type",
        "image_mode",
        "no_credit",
        "refused",
    ),
)


def client(**chosen: Any) -> TestClient:
    """A client of a new world."""
    app = create_app(configured(**{"log_format": "none"} | chosen), clock=ManualClock())
    return client_of(app, AUTH)


def told(answer: Response) -> bytes:
    """All of an answer; of a file its digest, for deflate may be another one elsewhere."""
    body = answer.content
    if answer.headers.get("content-type") == PNG:
        body = pixels(body)
    else:
        body = INLINE.sub(lambda found: pixels(b64decode(found[1])), body)
    head = [f"{k}: {v}" for k, v in answer.headers.multi_items() if k not in FILES_OWN]
    return b"\n".join((str(answer.status_code).encode(), *(h.encode() for h in head), body))


FILES_OWN = (
    "etag",
    "content-md5",
    "content-length",
)  # of Pillow's files, not of every version alike


@cache  # most requests are answered with one of few pictures
def pixels(file: bytes) -> bytes:
    """What a picture shows; the file's own bytes if it is broken."""
    try:
        with Image.open(io.BytesIO(file)) as image:
            return f"{image.mode} {image.size} {sha256(image.tobytes()).hexdigest()}".encode()
    except (OSError, SyntaxError):
        return str(len(file) > 100).encode()


def answers() -> Iterator[tuple[str, bytes]]:
    """The name of each request, and all of its answer."""
    for day in DAYS:
        asked = client(as_of=day)
        for i, body in enumerate(BODIES):
            yield f"{day} generate {i}", told(asked.post("/v1/images/generations", json=body))
        for i, (path, fields, files) in enumerate(EDITS):
            answer = _form(asked, path, fields, files)
            yield f"{day} {path} {i}", told(answer)
            if b'"url"' in answer.content:
                url = answer.json()["data"][0]["url"]
                yield f"{day} {path} {i} file", told(asked.get(url))
        for path in ("models", "models/dall-e-2", "models/dall-e-3", "nothing", "images/edits"):
            yield f"{day} GET {path}", told(asked.get(f"/v1/{path}"))
        for name in ("requests", "ledger", "limits", "requests/last"):
            here = {"Mock-Sandbox-Key": "sk-mock-me"}
            yield f"{day} journal {name}", told(asked.get(f"/_mock/{name}", headers=here))
    yield from _of_gpt_image_models()
    yield from _scripted()
    yield from _limited()


def _of_gpt_image_models() -> Iterator[tuple[str, bytes]]:
    for day in GPT_DAYS:
        asked = client(as_of=day, tier="off")
        for model in GPT_MODELS:
            for i, body in enumerate(GPT_BODIES):
                whole = {"prompt": "a fox", "model": model} | body
                yield f"{day} {model} {i}", told(asked.post("/v1/images/generations", json=whole))


def _form(asked: TestClient, path: str, fields: Any, files: Any) -> Response:
    boundary = "frozen"
    lines = []
    for name, value in fields.items():
        lines.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        )
    for name, (file, data, kind) in files.items():
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        )
        lines.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + data + b"\r\n")
    body = b"".join([*lines, f"--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return asked.post(f"/v1/images/{path}", content=body, headers=headers)


def _scripted() -> Iterator[tuple[str, bytes]]:
    asked = client(rules=list(RULES))
    prompts = ("rated", "rated", "the gate", "less", "form", "down", "old", "own", "plain")
    for prompt in prompts:
        body = {"prompt": prompt, "n": 2, "size": "512x512"}
        answer = asked.post("/v1/images/generations", json=body)
        yield f"rule {prompt}", told(answer)
        if answer.status_code == 200 and b'"url"' in answer.content:
            url = answer.json()["data"][0]["url"]
            yield f"rule {prompt} file", told(asked.get(url))
            yield f"rule {prompt} file again", told(asked.get(url))
    body = {"prompt": "cut", "n": 2, "size": "256x256"}
    answer = asked.post("/v1/images/generations", json=body)
    yield "rule cut", told(answer)
    yield "rule cut file", told(asked.get(answer.json()["data"][0]["url"]))
    for reason in REASONS:
        for day in ("2023-02-10", "2025-03-31", "2025-06-01"):
            other = client(as_of=day, rules=[{"then": {"error": reason}}])
            answer = other.post("/v1/images/generations", json={"prompt": "a fox"})
            yield f"reason {reason} {day}", told(answer)
    for path in ("rules", "requests", "downloads", "requests/summary"):
        yield (
            f"rules {path}",
            told(asked.get(f"/_mock/{path}", headers={"Mock-Sandbox-Key": "sk-mock-me"})),
        )


def _limited() -> Iterator[tuple[str, bytes]]:
    for tier, table in (("free", "model-page"), ("1", "measured-2024"), ("5", "measured-2024")):
        asked = client(tier=tier, limits=table, prices="billing")
        for i in range(3):
            for model in ("dall-e-2", "dall-e-3"):
                body = {
                    "prompt": f"a fox {i}",
                    "model": model,
                    "n": 3 if model == "dall-e-2" else 1,
                }
                yield (
                    f"tier {tier} {model} {i}",
                    told(asked.post("/v1/images/generations", json=body)),
                )
        yield (
            f"tier {tier} limits",
            told(asked.get("/_mock/limits", headers={"Mock-Sandbox-Key": "sk-mock-me"})),
        )
        yield (
            f"tier {tier} ledger",
            told(asked.get("/_mock/ledger", headers={"Mock-Sandbox-Key": "sk-mock-me"})),
        )
    asked = client(as_of="2025-03-31")
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    asked.post(
        "/_mock/sandbox", headers=here, json={"budget_usd": 0.05, "repeats": "vary", "seed": "7"}
    )
    for i in range(5):
        body = {"prompt": "a fox", "size": "512x512"}
        yield f"budget {i}", told(asked.post("/v1/images/generations", json=body))
    yield "budget ledger", told(asked.get("/_mock/ledger", headers=here))
    for key in ("sk-mock-tier-free", "sk-mock-quota", "sk-mock-unverified", "sk-mock-invalid", ""):
        headers = {"Authorization": f"Bearer {key}"}
        answer = asked.post("/v1/images/generations", json={"prompt": "x"}, headers=headers)
        yield f"key {key}", told(answer)


def digests() -> dict[str, str]:
    """A digest of each answer, by the name of the request."""
    return {name: sha256(answer).hexdigest()[:10] for name, answer in answers()}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for name, answer in answers():
            (Path(sys.argv[1]) / name.replace("/", "_")).write_bytes(answer)
    else:
        lines = [f'"{n}": "{d}"' for n, d in digests().items()]
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
