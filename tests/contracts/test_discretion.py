"""An API key is taken out of what is written by its value, however it is spelled."""

from __future__ import annotations

import html
import json
import shlex
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from contracts.discretion import HIDDEN, Key, discreet, leave

CANARY = "sk-mock-canary-0123456789abcdef"


SPELLED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "by repr": repr,
    "as JSON": json.dumps,
    "as JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "for a shell": shlex.quote,
    "with backslashes": lambda text: "".join(f"\\{c}" for c in text),
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "all of it in a URL": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "by its numbers in JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "by its numbers in Python": lambda text: "".join(f"\\x{ord(c):02x}" for c in text),
    "in HTML": html.escape,
    "by its numbers in HTML": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "by hexadecimal numbers in HTML": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "as a user's password": lambda text: b64encode(f":{text}".encode()).decode(),
    "in base64 of more": lambda text: b64encode(f"Bearer {text} and so on".encode()).decode(),
    "in base64 for URLs": lambda text: urlsafe_b64encode(f"a{text}".encode()).decode(),
}


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("key", [CANARY, 'sk-"quoted"/\\<&>%41+ key'], ids=["plain", "odd"])
def test_a_key_is_found_however_it_is_spelled(key: str, spelled: Callable[[str], str]) -> None:
    text = f"it was [{spelled(key)}] here"
    hidden = discreet(text, [Key("sk-another"), Key(key)])
    assert hidden.startswith("it was [")
    assert hidden.endswith("] here")
    assert HIDDEN in hidden
    assert discreet(text.encode(), [Key(key)]) == hidden.encode()


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_in_base64_a_key_is_found_wherever_it_begins(before: str, after: str) -> None:
    told = b64encode(f"{before}{CANARY}{after}".encode())
    assert HIDDEN.encode() in discreet(told, [Key(CANARY)])


def test_a_short_key_is_hidden_where_it_is_a_key_alone() -> None:
    for word in ("", "none", "sk-test"):
        assert discreet("none of sk-test", [Key(word)]) == "none of sk-test"
    assert discreet("with Bearer none", [Key("none")]) == f"with {HIDDEN}"


def test_a_text_without_a_key_stays_as_it_is() -> None:
    text = 'half \ud800 a "pair" %73 \\u0073 &#115; \\ sk-mock-canary'
    assert discreet(text, [Key(CANARY)]) == text


def test_a_file_is_left_without_the_key(tmp_path: Path) -> None:
    for written in (f"é {CANARY}", f"é {CANARY}".encode()):
        leave(tmp_path / "file", written, [Key(CANARY)])
        assert (tmp_path / "file").read_text("utf-8") == f"é {HIDDEN}"


def test_a_key_that_no_header_can_carry_is_refused_unseen() -> None:
    for text in ("sk-é", "sk-a\nb"):
        with pytest.raises(ValueError, match="no header can carry") as refused:
            Key(text)
        assert "sk-" not in f"{refused.value} {[*variables_on_the_way_of(refused.value)]}"


def variables_on_the_way_of(error: BaseException) -> Iterator[dict[str, object]]:
    """Those of each frame but the test's own."""
    seen = error.__traceback__ and error.__traceback__.tb_next
    while seen:
        yield seen.tb_frame.f_locals
        seen = seen.tb_next
