"""What an account is told that spent what it may, and a key of the wrong kind. Decides nothing.

The codes came in autumn 2026; a rule that asks for one on an earlier day gets the same words.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.organization import ADMIN_KEY
from mockserver.facts.words.wording import GATEWAY, Reason, Wording


def _limit(whose: str, code: str) -> Wording:
    return Wording(
        429,
        f"You have reached {whose}. Increase the limit to continue using the API.",
        type="insufficient_quota",
        code=code,
        form=GATEWAY,
        level="assumed",
        source="code and type by help.openai.com/en/articles/6614457 and 5955604 (autumn 2026); "
        "the text was not found",
    )


BILLING: Mapping[Reason, Wording] = {
    Reason.ORGANIZATION_SPEND_LIMIT: _limit(
        "your organization's spend limit", "organization_spend_limit_exceeded"
    ),
    Reason.PROJECT_SPEND_LIMIT: _limit(
        "your project's spend limit", "project_spend_limit_exceeded"
    ),
    Reason.USAGE_LIMIT: _limit(
        "your organization's usage limit", "organization_usage_limit_exceeded"
    ),
    Reason.ADMIN_KEY: ADMIN_KEY,
}
