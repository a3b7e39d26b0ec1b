"""What dialect A said earlier than `dialect_a` has it, each with its source. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.dialect_a import JSONSCHEMA, RATE, REALM, A
from mockserver.facts.words.wording import Reason, Wording

#: What lay over A before, by the names that facts/words/dates.toml has for it.
EARLIER: Mapping[str, Mapping[Reason, Wording]] = {
    "A, keys of 2022": {
        Reason.MISSING_KEY: Wording(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password "
            "field (with blank username) if you're accesing the API from your browser and are "
            "prompted for a username and password. You can obtain an API key from "
            "https://beta.openai.com.",
            headers=REALM,
            level="observed",
            source="oborys/OpenAI-image-generation-API-script-and-Postman-collection (2022-11)",
        ),
        Reason.INCORRECT_KEY: Wording(
            401,
            "Incorrect API key provided: {key}. You can find your API key at "
            "https://beta.openai.com.",
            code="invalid_api_key",
            headers=REALM,
            level="observed",
            source="oborys/OpenAI-image-generation-API-script-and-Postman-collection (2022-11)",
        ),
    },
    "A, before codes": {
        Reason.NOT_A_PNG: A[Reason.NOT_A_PNG]._replace(
            code=None,
            level="observed in part",
            source="the message is older than its code, which was first seen 2024-02",
        ),
    },
    "A, refusals before codes": {
        Reason.REFUSED: A[Reason.REFUSED]._replace(
            code=None,
            level="observed in part",
            source="the message 2022-12; that it had no code is not confirmed by a body",
        ),
    },
    "A, rates of 2023": {
        reason: A[reason]._replace(
            message=RATE.replace(
                "https://platform.openai.com/docs/guides/rate-limits",
                "https://help.openai.com/en/articles/6696591",
            ),
            level="observed in part",
            source="file id 29360772866, 2023; the newer address was first seen 2023-12",
        )
        for reason in (Reason.RATE_LIMITED, Reason.OVER_LIMIT, Reason.NOT_OF_TIER)
    },
    "A, before 2025": {
        Reason.HARD_LIMIT: Wording(
            400,
            "Billing hard limit has been reached",
            code="billing_hard_limit_reached",
            level="observed",
            source="dfinke/PowerShellAI#127 (2023-05-02); 172 bytes 2024-01 and 2024-08",
        ),
        Reason.EMPTY_PROMPT: Wording(
            400, "{value!r} is too short - 'prompt'", level="inferred", source=JSONSCHEMA
        ),
        Reason.WRONG_METHOD: Wording(
            405,
            "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP "
            "method?)",
            level="observed in part",
            source="file id 37252458173 (2023-01); the status is inferred",
        ),
    },
}
