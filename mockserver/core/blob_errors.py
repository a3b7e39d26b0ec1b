"""How the blob store behind picture URLs refuses: its XML, word for word. Decides nothing.

The texts are Azure Blob storage's. Of this API's own account only the 403 was seen; the others were
recorded with other accounts, so they are "observed in part".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import NamedTuple

from mockserver.core.durations import SECOND

# The byte order mark that Azure's XML starts with: recorded lengths are 3 above their text's, 544
# for this API's own 403, 544 and 426 with other accounts (file ids 36011903179 and 9442756125).
_MARK = b"\xef\xbb\xbf"


class BlobWording(NamedTuple):
    """One refusal. `level` is how well the words are known, as for the API's own errors."""

    status: int
    code: str
    message: str
    level: str
    source: str
    details: tuple[str, ...] = ()  # the sentence that may follow


class BlobError(Exception):
    """A refusal, the sentence that only a 403 adds, and the headers that go with it."""

    def __init__(
        self,
        words: BlobWording,
        detail: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        why: str = "",
    ) -> None:
        super().__init__(words.code)
        self.words = words
        self.detail = detail
        self.headers = headers
        self.why = why  # in a word, for the log


BLOB_WINDOW = (
    "Signature not valid in the specified time frame: "
    "Start [{start}] - Expiry [{expiry}] - Current [{current}]"
)
BLOB_UNREADABLE = "Signature fields not well formed."  # observed: delta-io/delta-rs#910
BLOB_UNEQUAL = "Signature did not match. String to sign used was {string}"
BLOB_REFUSED = BlobWording(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of Authorization header is "
    "formed correctly including the signature.",
    level="observed",
    source="nextcloud/integration_openai#2 (2023-03), wandb/weave#1524 (2024-04)",
    details=(BLOB_WINDOW, BLOB_UNREADABLE),
)
BLOB_ALTERED = BLOB_REFUSED._replace(
    level="observed in part",
    source="Azure/azure-sdk-for-go#22846 (2024-05), azure-sdk-for-java#39134 (2024-03); the fields "
    "of the string as Azure/AzureStor#134 and Azure's Create a user delegation SAS list them",
    details=(BLOB_UNEQUAL,),
)

BLOB_NOT_FOUND = BlobWording(
    404,
    "BlobNotFound",
    "The specified blob does not exist.",
    level="observed in part",
    source="recordings in the tests of Azure's SDK for JavaScript, 2020-06",
)
BLOB_WRONG_VERB = BlobWording(
    405,
    "UnsupportedHttpVerb",
    "The resource doesn't support specified Http Verb.",
    level="observed in part",
    source="Azure's common error codes; the words as its users quote them, 2022-07 to 2025-02",
)
BLOB_CONDITION_NOT_MET = BlobWording(
    412,
    "ConditionNotMet",
    "The condition specified using HTTP conditional header(s) is not met.",
    level="observed in part",
    source="recordings in the tests of Azure's SDK for JavaScript, 2020-07",
)
BLOB_NOT_MODIFIED = BlobWording(
    304,
    BLOB_CONDITION_NOT_MET.code,
    BLOB_CONDITION_NOT_MET.message,
    level="documented",
    source="Azure's common error codes; never has a body",
)
BLOB_INVALID_RANGE = BlobWording(
    416,
    "InvalidRange",
    "The range specified is invalid for the current size of the resource.",
    level="observed in part",
    source="floci-io/floci-az#81 (2026-06), with its Content-Range",
)


def blob_error_body(error: BlobError, request_id: str, now: int) -> bytes:
    """The XML of `error` at `now`, in nanoseconds since the epoch; one line but for the message."""
    words = error.words
    detail = error.detail and (
        f"<AuthenticationErrorDetail>{_in_xml(error.detail)}</AuthenticationErrorDetail>"
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{words.code}</Code><Message>'
        f"{words.message}\nRequestId:{request_id}\nTime:{_precise(now)}</Message>{detail}</Error>"
    )
    return _MARK + text.encode()


def _in_xml(text: str) -> str:
    """Any text as XML can say it: without the characters that it has no way to write."""
    allowed = (c if c >= " " or c in "\t\n\r" else "\ufffd" for c in text)
    from html import escape  # a table of all names of letters, loaded by the first refusal

    return escape("".join(allowed), quote=False)


def window_detail(start: int, expiry: int, now: int) -> str:
    """Why a URL of these Unix seconds is refused at `now`, also in seconds."""
    times = (formatdate(t, usegmt=True) for t in (start, expiry, now))
    return BLOB_WINDOW.format(**dict(zip(("start", "expiry", "current"), times, strict=True)))


# What a user delegation SAS signs since version 2020-12-06, line by line; `*` is the resource. The
# account is that of the recorded URLs; what this API's own do not have stays empty.
_TO_SIGN = (
    *("sp", "st", "se", "*", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid"),
    *("scid", "sip", "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"),
)
_ACCOUNT = "oaidalleapiprodscus"


def unequal_detail(path: str, fields: Mapping[str, str]) -> str:
    """Why a URL of this path and these decoded fields is refused: its signature is another's."""
    values = {**fields, "*": f"/blob/{_ACCOUNT}{path}"}
    string = "\n".join(values.get(name, "") for name in _TO_SIGN)
    return BLOB_UNEQUAL.format(string=string.encode("utf-8", "replace").decode())


def _precise(now: int) -> str:
    moment = datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{now % SECOND // 100:07d}Z"
