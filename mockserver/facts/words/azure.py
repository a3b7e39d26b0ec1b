"""What Azure OpenAI says when it refuses, where that is not what /v1 says. Decides nothing.

What stands before its models (keys, paths, versions, deployments, rates) answers in one line; what
is said of a body comes from behind it, in /v1's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mockserver.facts.words.wording import Form, Reason, Wording

_KEYS = ("code", "message")
#: One line, whose spaces are those recorded: each error has its own.
_LINE = Form(_KEYS, 0, newline=False, layout='{"error":{"code":%s,"message":%s}}')
_AFTER_MESSAGE = _LINE._replace(layout='{"error":{"code":%s,"message": %s}}')
_AFTER_COMMA = _LINE._replace(layout='{"error":{"code":%s, "message":%s}}')
_DATED = Form(
    ("created", *_KEYS), 0, newline=False, layout='{"created":%s,"error":{"code":%s,"message":%s}}'
)


def _policy(more: str = "") -> Form:
    """The refusal of a prompt, with more in its `inner_error`."""
    found = '{"jailbreak":{"detected":false,"filtered":false}}'
    inner = f'{{"code":"ResponsibleAIPolicyViolation","content_filter_results":{found}{more}}}'
    layout = f'{{"error":{{"code":%s,"inner_error":{inner},"message":%s,"type":%s}}}}'
    return Form((*_KEYS, "type"), 0, newline=False, layout=layout)


_ACCESS_DENIED = Wording(
    401,
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource.",
    code="401",
    form=_LINE,
    level="observed",
    source="recorded 2021-01-15 of another service behind the same gateway, 224 bytes (file ids "
    "6434549311, 6286971648); quoted of Azure OpenAI since",
)
_NOT_FOUND = Wording(
    404,
    "Resource not found",
    code="404",
    form=_AFTER_MESSAGE,
    level="observed",
    source="openai-python#692 (2023-11), Azure-Samples/openai#146 (2025-04); the space: file ids "
    "41418767971, 70129713005 and others",
)
_RATE = Wording(
    429,
    "Your requests to {deployment} for {model} in {region} have exceeded the call rate limit for "
    "your current {pricing} pricing tier. This request was for {call} under Azure OpenAI API "
    "version {version}. Please retry after {retry_after} second{s}. To increase your default rate "
    "limit, visit https://aka.ms/oai/quotaincrease.",
    code="RateLimitReached",
    form=_AFTER_MESSAGE,
    headers=(("retry-after", "{retry_after}"), ("retry-after-ms", "{retry_after_ms}")),
    level="observed",
    source="file id 54660069593, 2026; which name is the deployment's: 52530236046; the space: "
    "43657373385; the headers are chat's",
)
_NO_RATE = _RATE._replace(
    message=_RATE.message.replace(" Please retry after {retry_after} second{s}.", ""),
    headers=(),
    level="assumed",
    source="as a rate that passes",
)
_REFUSED = Wording(
    400,
    "Your request was rejected as a result of our safety system. Your prompt may contain text that "
    "is not allowed by our safety system.",
    code="content_policy_violation",
    form=_policy(),
    level="observed",
    source="BerriAI/litellm#16072 (2025-10-29), the whole body, of DALL·E 3; other models are "
    "assumed to say the same",
)
_TASK_FAILED = Wording(
    400,
    "Your task failed as a result of our safety system.",
    code="contentFilter",
    form=_DATED,
    level="documented",
    source="the vendor's how-to of DALL·E 3 (file ids 3900420739, 1901196); the layout is assumed",
)
_PICTURE_FILTERED = _TASK_FAILED._replace(
    message="Generated image was filtered as a result of our safety system.",
    source="the vendor's how-to (file ids 1901196, 67091225195); the layout is assumed",
)

AZURE: Mapping[Reason, Wording] = {
    Reason.MISSING_KEY: _ACCESS_DENIED._replace(level="inferred", source="as a wrong key"),
    Reason.INCORRECT_KEY: _ACCESS_DENIED,
    Reason.UNVERIFIED: Wording(
        403,
        "Your resource has been temporarily blocked because we detected behavior that may violate "
        "our content policy. For more details on Azure OpenAI service content policy, please visit "
        "https://aka.ms/aoaicodeofconduct",
        code="Forbidden",
        form=_LINE,
        level="observed",
        source="pollinations/pollinations#9707, #8848 and #12067 (2026-03 to 2026-06)",
    ),
    Reason.UNKNOWN_URL: _NOT_FOUND,
    Reason.WRONG_METHOD: _NOT_FOUND._replace(level="assumed", source="as a path that is not there"),
    Reason.UNKNOWN_MODEL: Wording(
        404,
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 minutes, please wait a moment and try again.",
        code="DeploymentNotFound",
        form=_AFTER_COMMA,
        level="observed",
        source="microsoft/semantic-kernel#4464 (2024-01-03), 198 bytes; chatbox#646 (2023-05)",
    ),
    Reason.NO_CHAT_MODEL: Wording(
        400,
        "The {work} operation does not work with the specified model, {model}. Please choose "
        "different model and try again. You can learn more about which models can be used with "
        "each operation here: https://go.microsoft.com/fwlink/?linkid=2197993.",
        code="OperationNotSupported",
        form=_LINE,
        level="observed in part",
        source="LibreChat#9427 (2025-09) of chat with gpt-image-1; imageGenerations: file id "
        "67364490268; what edits are called is assumed",
    ),
    # An `api-version` that belongs to other paths.
    Reason.OUTSIDE_API: Wording(
        400,
        "api-version query parameter is not allowed when using /v1 path",
        code="BadRequest",
        form=_LINE,
        level="observed in part",
        source="code and message, 2026, of other endpoints (file ids 52647882186, 60839061277)",
    ),
    Reason.RATE_LIMITED: _RATE,
    Reason.OVER_LIMIT: _NO_RATE,
    Reason.NOT_OF_TIER: _NO_RATE,
    Reason.REFUSED: _REFUSED,
    Reason.DESCRIPTION_REFUSED: _REFUSED._replace(
        form=_policy(',"revised_prompt":""'),
        level="observed in part",
        source="BerriAI/litellm#19372 (2026-01-19): that `inner_error` has a revised_prompt",
    ),
    Reason.PICTURE_REFUSED: _PICTURE_FILTERED,
}
SINCE = date(2024, 5, 13)
#: What was said before. In December 2023 programs looked for `contentFilter`; on that day of 2024
#: epam/ai-dial-adapter-openai#104 had met another.
EARLIER: Mapping[Reason, Wording] = {
    Reason.REFUSED: _TASK_FAILED,
    Reason.DESCRIPTION_REFUSED: _TASK_FAILED._replace(level="assumed", source="as a prompt"),
}
#: What a job of 2023 says that fails where another request is refused.
FAILED: Mapping[Reason, str] = {
    Reason.REFUSED: _TASK_FAILED.message,
    Reason.DESCRIPTION_REFUSED: _TASK_FAILED.message,
    Reason.PICTURE_REFUSED: _PICTURE_FILTERED.message,
}


def words_on(day: date) -> Mapping[Reason, Wording]:
    """Azure's words on a day."""
    return AZURE if day >= SINCE else {**AZURE, **EARLIER}
