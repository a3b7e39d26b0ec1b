"""Rules that are right, a few of each kind. Tests nothing."""

from typing import Any

RULES: tuple[dict[str, Any], ...] = (
    {"when": {"prompt": {"contains": "a"}, "n": 2}, "then": {"error": "internal"}, "times": 2},
    {"next": True, "name": "x", "then": {"rate_limit": {"retry_after": 2.5}, "delay": "1ms"}},
    {"when": {"operation": "files.*"}, "then": {"respond": {"status": 503, "body": {"a": [1]}}}},
    {"then": {"download": {"respond": {"status": 404}, "first": 2}}},
    {"then": {"picture": "truncated", "headers": {"x-a": "b"}, "drip": 5, "pictures": 0}},
    {"when": {"model": "dall-e-*", "call": 3, "size": {"regex": "1.*"}}, "then": {"stall": True}},
    {"then": {"gateway": {"status": 502, "retry_after": 3}}},
    {"when": {"stream": True}, "then": {"stream": {"disconnect": 1}}},
    {"then": {"image": "eA==", "addresses": {"https://a.test/x.png": "eA=="}}},
)
