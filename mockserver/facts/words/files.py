"""What the API says when it refuses at /v1/files. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.wording import PLATFORM, Reason, Wording

FILES: Mapping[Reason, Wording] = {
    Reason.NO_SUCH_FILE_OBJECT: Wording(
        404,
        "No such File object: {id}",
        param="id",
        form=PLATFORM,
        level="observed in part",
        source="recalled from recordings of ruby-openai",
    ),
}
