"""No answer of any day changes unseen: what DALL·E was like is known, and users keep digests."""

from __future__ import annotations

import json

from tests.frozen import FILE, digests


def test_every_answer_of_every_day_is_as_it_was() -> None:
    assert digests() == json.loads(FILE.read_text(encoding="utf-8"))
