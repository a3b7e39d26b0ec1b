"""Bodies recorded off Azure OpenAI, reproduced byte for byte by the requests that cause them.

Where a recording has the body's values and not its bytes, the layout is that of its siblings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.evidence.search import find
from mockserver.facts.words.azure import AZURE
from tests.azure import NOT_FOUND, PREVIEW, Azure, asks, deployed, edits
from tests.test_records import gateway, pattern_of

Ask = Callable[[TestClient], Response]


@dataclass(frozen=True, slots=True)
class Record:
    """One recording: its id, its day, what causes it, and what is answered."""

    id: str
    day: str
    ask: Ask
    status: int
    body: str
    key: str = "sk-mock-me"


def refused(where: str) -> Ask:
    return lambda client: asks(client, where, prompt="mock:refuse")


def seventh(client: TestClient) -> Response:
    """The request that is one too many."""
    path = deployed("gpt-image-2", "2024-02-01")
    return [asks(client, path) for _ in range(7)][-1]


def webp(client: TestClient) -> Response:
    path = "/openai/v1/images/generations?api-version=preview"
    return asks(client, path, model="gpt-image-2", output_format="webp")


POLICY = '{"error":{"code":"content_policy_violation","inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{"jailbreak":{"detected":false,"filtered":false}}},"message":"Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.","type":"invalid_request_error"}}'
BLOCKED = '{"error":{"code":"Forbidden","message":"Your resource has been temporarily blocked because we detected behavior that may violate our content policy. For more details on Azure OpenAI service content policy, please visit https://aka.ms/aoaicodeofconduct"}}'
FILTERED = '{"created":<CREATED>,"error":{"code":"contentFilter","message":"Your task failed as a result of our safety system."}}'
LIMITED = '{"error":{"code":"RateLimitReached","message": "Your requests to gpt-image-2 for gpt-image-2 in East US 2 have exceeded the call rate limit for your current AIServices S0 pricing tier. This request was for ImageGenerations_Create under Azure OpenAI API version 2024-02-01. Please retry after <SECONDS> seconds. To increase your default rate limit, visit https://aka.ms/oai/quotaincrease."}}'
FORM = "Unsupported content type: 'multipart/form-data'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: multipart/form-data'. Please try again with a supported content type."
WEBP = "Invalid value: 'webp'. Supported values are: 'png' and 'jpeg'."

AZURE_RECORDS = [
    Record("azure-policy", "2025-10-01", refused(deployed("dall-e-3", "2024-02-01")), 400, POLICY),
    Record("azure-404", "2023-11-06", lambda c: asks(c, "/openai/images/generations?api-version=2023-09-01-preview"), 404, NOT_FOUND),
    Record("azure-blocked", "2026-03-01", lambda c: asks(c, "gpt-image-1"), 403, BLOCKED, "sk-mock-unverified"),
    Record("azure-content-filter-doc", "2023-11-06", refused(deployed("dall-e-3", "2023-12-01-preview")), 400, FILTERED),
    Record("azure-rate-limit", "2026-05-01", seventh, 429, LIMITED),
    Record("azure-edit-on-json-operation", "2026-04-01", lambda c: edits(c, deployed("gpt-image-1.5", PREVIEW)), 400, gateway(FORM, code="unsupported_content_type")),
    Record("output-format-webp-refused", "2026-09-27", webp, 400, gateway(WEBP, param="output_format", code="invalid_value")),
]  # fmt: skip


@pytest.mark.parametrize("record", AZURE_RECORDS, ids=lambda r: r.id)
def test_what_azure_answered_is_answered(azure: Azure, record: Record) -> None:
    answer = record.ask(azure(record.key, as_of=record.day))
    assert answer.status_code == record.status
    assert pattern_of(record.body).fullmatch(answer.text), answer.text
    assert answer.headers["content-type"] == "application/json"


#: The bytes that recordings tell of bodies beside these.
LENGTHS: list[tuple[str, dict[str, Any], str, int]] = [
    ("401 of another service behind the same gateway", {"key": None}, "gpt-image-2", 224),
    ("404 DeploymentNotFound, semantic-kernel#4464", {}, "nope", 198),
]


@pytest.mark.parametrize(("what", "made", "where", "length"), LENGTHS, ids=lambda v: str(v)[:20])
def test_bodies_are_as_long_as_recorded_ones(
    azure: Azure, what: str, made: dict[str, Any], where: str, length: int
) -> None:
    assert len(asks(azure(**made), where).content) == length, what


def test_explain_knows_azure_s_words_and_facts() -> None:
    (found,) = find("DeploymentNotFound")
    assert (found.name, found.level) == ("unknown_model", "observed")
    known = {finding.name for finding in find("azure")}
    assert {str(reason) for reason in AZURE} < known
    assert {"images.generate", "azure.submit", "api-version", "models", "per_minute"} < known
