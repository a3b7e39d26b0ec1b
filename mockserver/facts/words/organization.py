"""What the API says when it refuses at /v1/organization. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.dialect_a import REALM
from mockserver.facts.words.dialect_b import B
from mockserver.facts.words.wording import PLATFORM, TEXT_ALONE, Reason, Wording

_AS_IMAGES = "as images say it: what these paths say was not found"
_SCOPES = (
    "You have insufficient permissions for this operation. Missing scopes: {scopes}. Check that "
    "you have the correct role in your organization (Reader, Writer, Owner) and project ({roles}), "
    "and if you're using a restricted API key, that it has the necessary scopes."
)
#: What a key of the organization is told where models are asked.
ADMIN_KEY = Wording(
    401,
    _SCOPES.format(scopes="model.request", roles="Member, Owner"),
    form=PLATFORM,
    headers=REALM,
    level="assumed",
    source="told to restricted keys on chat (community.openai.com/t/1374480, 2026); keys of an "
    "organization can't be used there (documented), that they are told this is assumed",
)

ORGANIZATION: Mapping[Reason, Wording] = {
    Reason.MISSING_SCOPES: Wording(
        403,
        _SCOPES.format(scopes="api.usage.read", roles="Viewer, Member, Owner"),
        form=TEXT_ALONE,
        level="observed in part",
        source="the beginning and the status by many, 2025 to 2026 (file ids 56794747840, a bare "
        "text, 57399404611, 69718157715); the whole with api.model.read on models "
        "(file id 67185260203, 2026-09-08)",
    ),
    **{
        reason: B[reason]._replace(form=PLATFORM, level="assumed", source=_AS_IMAGES)
        for reason in (
            *(Reason.MISSING_PARAMETER, Reason.NOT_A_NUMBER, Reason.NOT_ONE_OF),
            *(Reason.TOO_SMALL, Reason.TOO_LARGE),
        )
    },
    Reason.NO_SUCH_PAGE: Wording(
        400,
        "Invalid value for 'page': '{value}' is not the cursor of a page.",
        param="page",
        code="invalid_value",
        form=PLATFORM,
        level="assumed",
        source="what a cursor that was never given is told was not found",
    ),
}
