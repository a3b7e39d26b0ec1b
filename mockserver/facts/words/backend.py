"""What the service behind the gateway says of options that the gateway let pass. Decides nothing.

It is met by models that came with dialect B alone; in A's form its words are nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.wording import GATEWAY, LEGACY, Reason, Wording

USER_ERROR = "image_generation_user_error"
_SIZE = Wording(
    400,
    "",
    type=USER_ERROR,
    param="size",
    code="invalid_value",
    form=GATEWAY,
    level="observed",
    source="live probes 2026-08-29 and 30 of gpt-image-2",
)


def _of_size(message: str, level: str = "observed", source: str = _SIZE.source) -> Wording:
    return _SIZE._replace(
        message=f"Invalid size '{{value}}'. {message}", level=level, source=source
    )


def _of_options(
    message: str, code: str, param: str | None, source: str, level: str = "observed in part"
) -> Wording:
    return _SIZE._replace(message=message, code=code, param=param, source=source, level=level)


BACKEND: Mapping[Reason, Wording] = {
    Reason.SIZE_NOT_LISTED: _of_size(
        "Supported sizes are {allowed!n}.",
        source="live captures 2026-09-20 of gpt-image-1 (file id 69446645682)",
    ),
    Reason.SIZE_FORM: _of_size("Expected WIDTHxHEIGHT, for example '1824x1024'."),
    Reason.SIZE_MULTIPLE: _of_size("Width and height must both be divisible by {bound}."),
    Reason.SIZE_RATIO: _of_size(
        "The aspect ratio must be between 1:{bound} and {bound}:1.",
        "assumed",
        "no text was found; the rule is the vendor's",
    ),
    Reason.SIZE_SIDE: _of_size(
        "The longest edge must be less than or equal to {bound}.",
        source="file ids 57940098683, 54142966255 and 69343552890, 2026-04 to 2026-09",
    ),
    Reason.SIZE_BELOW: _of_size(
        "Requested resolution is below the current minimum pixel budget.",
        source="file ids 57940098683, 51772929603 and 57585515582, 2026-04 to 2026-09",
    ),
    Reason.SIZE_ABOVE: _of_size(
        "Requested resolution exceeds the current pixel budget.",
        "observed in part",
        "file id 54142966255 (2026-04-28): the second sentence",
    ),
    Reason.TRANSPARENT_BACKGROUND: _of_options(
        "Transparent background is not supported for this model.",
        "invalid_value",
        "background",
        "file ids 69805779898, 61530534345 and 58661890562, 2026",
    ),
    Reason.TRANSPARENT_JPEG: _of_options(
        "Transparent background is not supported for JPEG output format",
        "invalid_value",
        "background",
        "file id 68412789597, 2026",
    ),
    Reason.PNG_COMPRESSION: _of_options(
        "Compression less than 100 is not supported for PNG output format",
        "invalid_png_output_compression",
        None,
        "file id 61373499048, 2026",
    ),
    Reason.PARTIALS_WITHOUT_STREAM: _of_options(
        "Unsupported parameter: 'input'. 'partial_images' is only supported with 'stream'.",
        "unsupported_parameter",
        "input",
        "file id 61534856384, 2026: type, code, and that 'input' is named; the text is assumed",
    ),
    Reason.STREAM_OF_MANY: _of_options(
        "Unsupported parameter: 'input'. 'stream' is only supported with 'n' of 1.",
        "unsupported_parameter",
        "input",
        "as for partial images without a stream; that it is refused was seen in 2026",
        "assumed",
    ),
}

#: The same where a model of one's own has such options in dialect A.
BACKEND_IN_A: Mapping[Reason, Wording] = {
    reason: wording._replace(form=LEGACY, level="assumed", source="B's words in A's form")
    for reason, wording in BACKEND.items()
}
