"""What GPT image models alone are told over dialect B, and what it was. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.backend import USER_ERROR
from mockserver.facts.words.dialect_b import RATE_TAIL, B
from mockserver.facts.words.wording import GATEWAY, Reason, Wording

_LIMITED = "(for limit {family}) in organization {organization} on input-images per min: "
_SEEN_IN_PARTS = "file ids 55778097420, 51783828483 and 62207846685, 2026; the end is assumed"


def _blocked(stage: str) -> Wording:
    return Wording(
        400,
        "Your request was rejected by the safety system. If you believe this is an error, contact "
        "us at help.openai.com and include the request ID {request_id}.",
        type=USER_ERROR,
        code="moderation_blocked",
        form=GATEWAY,
        further=(
            ("moderation_details", f'{{"moderation_stage": "{stage}", "categories": ["other"]}}'),
        ),
        level="observed" if stage == "input" else "observed in part",
        source="live captures 2026-09-20 (file id 69446645682)",
    )


_BLOCKED_IN_2025 = Wording(
    400,
    "Your request was rejected by the safety system. If you believe this is an error, contact "
    "us at help.openai.com and include the request ID {request_id}. "
    "safety_violations=[sexual].",
    type=USER_ERROR,
    code="moderation_blocked",
    form=GATEWAY,
    level="observed in part",
    source="file ids 67167851589, 57369301018 and 57940098683, 2025",
)

#: By the names that facts/words/dates.toml has for them.
GPT_IMAGE: Mapping[str, Mapping[Reason, Wording]] = {
    "B, gpt-image": {
        Reason.REFUSED: _blocked("input"),
        Reason.DESCRIPTION_REFUSED: _blocked("input")._replace(
            level="assumed", source="as a prompt: these models rewrite none that anyone sees"
        ),
        Reason.PICTURE_REFUSED: _blocked("output"),
        Reason.UNVERIFIED: B[Reason.UNVERIFIED]._replace(
            level="observed", source="openai-php/client#565 (2025-04), the whole body"
        ),
        Reason.RATE_LIMITED: B[Reason.RATE_LIMITED]._replace(
            message=f"Rate limit reached for {{model}} {_LIMITED}Limit {{limit}}, Used {{used}}, "
            f"Requested {{requested}}. Please try again in {{wait}}.{RATE_TAIL}",
            level="observed in part",
            source=_SEEN_IN_PARTS,
        ),
        Reason.OVER_LIMIT: B[Reason.OVER_LIMIT]._replace(
            message=f"Rate limit reached for {{model}} {_LIMITED}Limit {{limit}}, "
            f"Requested {{requested}}.{RATE_TAIL}",
            level="observed in part",
            source="file id 69474669517, 2026; the end is assumed",
        ),
        Reason.NOT_OF_TIER: B[Reason.NOT_OF_TIER]._replace(
            message=f"Request too large for {{model}} {_LIMITED}Limit {{limit}}, "
            "Requested {requested}. You can increase your rate limit by adding a payment method "
            f"to your account.{RATE_TAIL}",
            level="observed in part",
        ),
    },
    "B, gpt-image of 2025": {
        Reason.REFUSED: _BLOCKED_IN_2025,
        Reason.DESCRIPTION_REFUSED: _BLOCKED_IN_2025._replace(
            level="assumed", source="as a prompt: these models rewrite none that anyone sees"
        ),
        Reason.PICTURE_REFUSED: _BLOCKED_IN_2025,
        Reason.RATE_LIMITED: B[Reason.RATE_LIMITED]._replace(
            message="You've exceeded the rate limit, please slow down and try again after "
            "{seconds} seconds.",
            type="invalid_request_error",
            level="observed in part",
            source="receptron/mulmocast-cli#477 (2025-06); type and code: file id 4805909909",
        ),
    },
}
