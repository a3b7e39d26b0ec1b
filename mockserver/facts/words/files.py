"""What the API says when it refuses at /v1/files. Decides nothing.

Parameters are refused in the words of a JSON schema, as dialect A refused them on images.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.dialect_a import A
from mockserver.facts.words.wording import PLATFORM, Reason, Wording

_PROBED = "probed 2026-09-23 (file id 69137752102)"


def _schema(reason: Reason, level: str, source: str, param: str | None = None) -> Wording:
    return A[reason]._replace(form=PLATFORM, level=level, source=source, param=param)


FILES: Mapping[Reason, Wording] = {
    Reason.WRONG_BODY_TYPE: _schema(Reason.WRONG_BODY_TYPE, "assumed", "as on images"),
    Reason.UNKNOWN_PARAMETER: _schema(
        Reason.UNKNOWN_PARAMETER,
        "observed",
        "community.openai.com/t/1354804 (2025-08): 'expires_after' where none was known",
    ),
    Reason.MISSING_PARAMETER: _schema(
        Reason.MISSING_PARAMETER,
        "observed in part",
        "file id 62120841500 for 'file', with param and code null; for 'purpose' inferred",
    ),
    Reason.NO_BOUNDARY: _schema(
        Reason.NO_BOUNDARY, "inferred", "a form without a boundary has no parts"
    )._replace(message="'file' is a required property"),
    Reason.WRONG_TYPE: _schema(
        Reason.WRONG_TYPE, "inferred", f"the words of /v1/uploads, {_PROBED}"
    ),
    Reason.NOT_A_NUMBER: _schema(
        Reason.NOT_A_NUMBER, "inferred", f"the words of /v1/uploads, {_PROBED}"
    ),
    Reason.NOT_ONE_OF: _schema(
        Reason.NOT_ONE_OF,
        "observed",
        "file ids 41866393988 and 41715958621 (2025) for 'purpose'; for others inferred",
        "{param}",
    ),
    Reason.TOO_SMALL: _schema(
        Reason.TOO_SMALL,
        "observed in part",
        f"{_PROBED} for a limit of 0: how it begins; the name at its end is inferred",
    ),
    Reason.TOO_LARGE: _schema(Reason.TOO_LARGE, "inferred", f"as for what is too small, {_PROBED}"),
    Reason.NO_SUCH_FILE_OBJECT: Wording(
        404,
        "No such File object: {id}",
        param="id",
        form=PLATFORM,
        level="observed",
        source="file ids 24134645792 and 30050633250, by way of two clients; danny-avila/"
        "LibreChat#2632 (2024-05-07)",
    ),
    Reason.NOT_DOWNLOADABLE: Wording(
        400,
        "Not allowed to download files of purpose: {purpose}",
        form=PLATFORM,
        level="observed",
        source="community.openai.com/t/1357013 (2025-08): param and code are null",
    ),
    Reason.EMPTY_FILE: Wording(
        400,
        "File is empty.",
        param="file",
        form=PLATFORM,
        level="assumed",
        source="no text for an empty file was found",
    ),
    Reason.FILE_TOO_LARGE: Wording(
        413,
        "Maximum content size limit ({limit}) exceeded ({read} bytes read)",
        type="server_error",
        form=PLATFORM,
        level="assumed",
        source="as uploads to audio endpoints are refused (recalled); the bound is documented",
    ),
    Reason.NO_ROOM_FOR_FILE: Wording(
        413,
        "This mock keeps {limit} bytes of files for an API key, and this one has {read}. Start it "
        "with a larger --file-room (or IMAGES_MOCK_FILE_ROOM).",
        code="file_room",
        form=PLATFORM,
        level="own",
        source="the bounds of this server",
    ),
}
