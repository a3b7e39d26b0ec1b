"""What dialect B said at times, and A when B was there, each with its source. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.dialect_a import REALM
from mockserver.facts.words.wording import EMPTY, GATEWAY, Reason, Wording

_BARE = Wording(
    404,
    "",
    form=EMPTY,
    level="observed",
    source="live probes 2026-08-29 and 30: unknown paths, variations, wrong methods; no body",
)

#: What lay over B for a time, and over A when B was there, by their names in dates.toml.
AT_TIMES: Mapping[str, Mapping[Reason, Wording]] = {
    "B, models of edits": {
        Reason.UNKNOWN_MODEL: Wording(
            400,
            "Invalid value: '{model}'. {allowed!v}",
            param="model",
            code="invalid_value",
            form=GATEWAY,
            level="observed in part",
            source="reported since 2025-04 for GPT image models that were sent as DALL·E takes it",
        ),
    },
    "B, keys of 2026": {
        Reason.MISSING_KEY: Wording(
            401,
            "Missing bearer or basic authentication in header",
            form=GATEWAY,
            headers=REALM,
            level="inferred",
            source="Codex logs of /v1/responses; that images say the same is inferred",
        ),
    },
    "B, credit of 2026": {
        Reason.NO_CREDIT: Wording(
            429,
            "You have no credits remaining. Add credits to continue using the API.",
            type="insufficient_quota",
            code="credit_balance_exhausted",
            form=GATEWAY,
            level="observed in part",
            source="file ids 70177174711 and 70348446061 (2026-10-11); param is inferred",
        ),
    },
    "A, keys of 2026": {
        Reason.MISSING_KEY: Wording(
            401,
            "Missing bearer authentication in header",
            form=GATEWAY,
            headers=REALM,
            level="observed in part",
            source="GET /v1/models, by a third party's account (file id 68774700682)",
        ),
    },
    "A, bare 404": {Reason.WRONG_METHOD: _BARE},
    "B, bare 404": {Reason.UNKNOWN_URL: _BARE, Reason.WRONG_METHOD: _BARE},
}
