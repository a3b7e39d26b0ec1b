"""Every target by its name: what reads, with what it starts, and within what time. Tests nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.fuzz import of_files, of_requests

CORPUS = Path(__file__).with_name("corpus")
_TIME, _PER_BYTE = 1.0, 1e-4  # seconds of CPU that an input may take


class Target(NamedTuple):
    """A function that no bytes may break, and bytes that get far in it."""

    read: Callable[[bytes], None]
    seeds: tuple[bytes, ...]

    def __call__(self, data: bytes) -> None:
        """Read it, in a time in proportion."""
        began = time.thread_time()
        self.read(data)
        took = time.thread_time() - began
        assert took < _TIME + _PER_BYTE * len(data), f"{took:.1f} s for {len(data)} bytes"


TARGETS = {
    "batch": Target(of_requests.batch, of_requests.BATCH_SEEDS),
    "config": Target(of_files.config, of_files.CONFIG_SEEDS),
    "content_type": Target(of_requests.content_type, of_requests.CONTENT_TYPE_SEEDS),
    "data_url": Target(of_requests.data_url, of_requests.DATA_URL_SEEDS),
    "facts": Target(of_files.facts, of_files.FACTS_SEEDS),
    "forged_url": Target(of_requests.forged_url, of_requests.FORGED_SEEDS),
    "form": Target(of_requests.form_body, of_requests.FORM_SEEDS),
    "host": Target(of_requests.host, of_requests.HOST_SEEDS),
    "journal": Target(of_files.journal, of_files.JOURNAL_SEEDS),
    "json": Target(of_requests.json_body, of_requests.JSON_SEEDS),
    "keys": Target(of_files.keys_file, of_files.KEYS_SEEDS),
    "picture": Target(of_requests.picture, of_requests.PICTURE_SEEDS),
    "query": Target(of_requests.query, of_requests.QUERY_SEEDS),
    "range": Target(of_requests.ranges, of_requests.RANGE_SEEDS),
    "recording": Target(of_files.recordings, of_files.RECORDING_SEEDS),
    "relies": Target(of_files.relies, of_files.RELIES_SEEDS),
    "rules": Target(of_files.rules, of_files.RULE_SEEDS),
    "settings": Target(of_files.settings, of_files.SETTINGS_SEEDS),
    "url": Target(of_requests.url, of_requests.URL_SEEDS),
}


def kept(name: str) -> list[bytes]:
    """What once broke a target."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*"))]


#: What an input may be made of, beside bytes.
WORDS = (
    *(
        b"1e400",
        b"NaN",
        b"Infinity",
        b"\\ud800",
        b"\xff",
        b"\x00",
        b"%00",
        b"\xef\xbb\xbf",
        b"\r\n",
    ),
    *(b"--xx", b"--xx--", b"Content-Disposition: form-data; name=", b'filename="', b"bytes="),
    *(b"[[", b"]]", b"'''", b'"""', b"data:", b";base64,", b"%2F", b"\xe2\x80\xae", b"boundary="),
    *(b"null", b"true", b'{"', b'": ', b"[0]", b"[]", b"9" * 60, b"-1", b"tRNS", b"IDAT", b"VP8X"),
)
