"""What Azure OpenAI says when it refuses, where that is not what /v1 says. Decides nothing.

What stands in front of its models (keys, paths, versions, deployments, rates) answers in one line;
what the models' own service says comes through as it is, in /v1's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mockserver.facts.words.wording import AZURE, Form, Reason, Wording

_ACCESS_DENIED = Wording(
    401,
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource.",
    code="401",
    form=AZURE,
    level="observed",
    source="recorded 2021-01-15 of another service behind the same gateway, 224 bytes (file id "
    "6434549311); quoted of Azure OpenAI since",
)
_NOT_FOUND = Wording(
    404,
    "Resource not found",
    code="404",
    form=AZURE,
    level="observed",
    source="openai-python#692 (2023-11), Azure-Samples/openai#146 (2025-04)",
)
_RATE = Wording(
    429,
    "Your requests to {deployment} for {model} in {region} have exceeded the call rate limit for "
    "your current {pricing} pricing tier. This request was for {call} under Azure OpenAI API "
    "version {version}. Please retry after {retry_after} seconds. To increase your default rate "
    "limit, visit https://aka.ms/oai/quotaincrease.",
    code="RateLimitReached",
    form=AZURE,
    headers=(
        ("retry-after", "{retry_after}"),
        ("retry-after-ms", "{retry_after_ms}"),
    ),
    level="observed in part",
    source="file id 54660069593, 2026; which of two equal names is the deployment's is assumed; "
    "the headers are those of chat",
)
_NO_RATE = _RATE._replace(
    message=_RATE.message.replace(" Please retry after {retry_after} seconds.", ""),
    headers=(),
    level="assumed",
    source="as a rate that passes",
)
_POLICY = Wording(
    400,
    "Your request was rejected as a result of our safety system. Your prompt may contain text that "
    "is not allowed by our safety system.",
    code="content_policy_violation",
    form=Form(("code", "inner_error", "message", "type"), None, False, (",", ":")),
    further=(
        (
            "inner_error",
            '{"code": "ResponsibleAIPolicyViolation", "content_filter_results": '
            '{"jailbreak": {"detected": false, "filtered": false}}}',
        ),
    ),
    level="observed",
    source="BerriAI/litellm#16072 (2025-10-29), the whole body, of DALL·E 3",
)
_FILTERED = Wording(
    400,
    "Your task failed as a result of our safety system.",
    code="contentFilter",
    form=AZURE,
    beside=(("created", "{created}"),),
    level="documented",
    source="the vendor's quickstart of DALL·E 3 (file ids 3900420739, 1901196); the layout "
    "is assumed",
)
_PICTURE_FILTERED = _FILTERED._replace(
    message="Generated image was filtered as a result of our safety system."
)
_BLOCKED = Wording(
    403,
    "Your resource has been temporarily blocked because we detected behavior that may violate our "
    "content policy. For more details on Azure OpenAI service content policy, please visit "
    "https://aka.ms/aoaicodeofconduct",
    code="Forbidden",
    form=AZURE,
    level="observed",
    source="pollinations/pollinations#9707 and #8848 (2026-03)",
)

AZURE_WORDS: Mapping[Reason, Wording] = {
    Reason.MISSING_KEY: _ACCESS_DENIED._replace(
        level="inferred", source=f"as a wrong key: {_ACCESS_DENIED.source}"
    ),
    Reason.INCORRECT_KEY: _ACCESS_DENIED,
    Reason.UNVERIFIED: _BLOCKED,
    Reason.UNKNOWN_URL: _NOT_FOUND,
    Reason.WRONG_METHOD: _NOT_FOUND._replace(level="assumed", source="as a path that is not there"),
    Reason.NO_DEPLOYMENT: Wording(
        404,
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 minutes, please wait a moment and try again.",
        code="DeploymentNotFound",
        form=AZURE._replace(separators=(", ", ":")),
        level="observed",
        source="microsoft/semantic-kernel#4464 (2024-01-03), 198 bytes; chatbox#646 (2023-05)",
    ),
    Reason.VERSION_OF_V1: Wording(
        400,
        "api-version query parameter is not allowed when using /v1 path",
        code="BadRequest",
        form=AZURE,
        level="observed in part",
        source="code and message in 2026 (file ids 52647882186, 60839061277), of other endpoints",
    ),
    Reason.RATE_LIMITED: _RATE,
    Reason.OVER_LIMIT: _NO_RATE,
    Reason.NOT_OF_TIER: _NO_RATE,
    Reason.REFUSED: _POLICY,
    Reason.DESCRIPTION_REFUSED: _POLICY._replace(
        further=(
            (
                "inner_error",
                '{"code": "ResponsibleAIPolicyViolation", "content_filter_results": '
                '{"jailbreak": {"detected": false, "filtered": false}}, "revised_prompt": ""}',
            ),
        ),
        level="observed in part",
        source="BerriAI/litellm#19372 (2026-01-19): that there is a revised_prompt; the rest is "
        "assumed",
    ),
    Reason.PICTURE_REFUSED: _PICTURE_FILTERED,
}
#: What was said before other words were seen, on 2024-05-13 at the latest.
_EARLIER: Mapping[Reason, Wording] = {
    Reason.REFUSED: _FILTERED,
    Reason.DESCRIPTION_REFUSED: _FILTERED._replace(level="assumed", source="as a prompt"),
}
_SINCE = date(2024, 5, 13)
#: What a job of 2023 says that fails in place of a refusal.
FAILED: Mapping[Reason, str] = {
    Reason.REFUSED: _FILTERED.message,
    Reason.DESCRIPTION_REFUSED: _FILTERED.message,
    Reason.PICTURE_REFUSED: _PICTURE_FILTERED.message,
}


def words_on(day: date) -> Mapping[Reason, Wording]:
    """Azure's words on a day."""
    return AZURE_WORDS if day >= _SINCE else {**AZURE_WORDS, **_EARLIER}
