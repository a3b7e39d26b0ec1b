"""Keys: what opens a sandbox, what is refused, and what a refusal shows of a key."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.client.environment import admin_key, variables
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import LOOKS_REAL, BoundKey, Keyring, hinted, key_in, looks_real
from mockserver.core.masking import masked
from mockserver.facts import load

FACTS = load()
RING = Keyring(FACTS, b"secret")


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def refused(ring: Keyring, key: str, organization: str | None = None) -> Reason:
    with pytest.raises(ApiError) as refusal:
        ring.caller(f"Bearer {key}", organization)
    return refusal.value.reason


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer    ", "sk-mock-me", "Token x", "Basic", "Basic !!!"]
    + [basic("", ""), basic("", "  "), basic("user", "sk-mock-me")]
    + [basic("", "sk-mock-me").replace("c ", "c !")],
)
def test_a_blank_key_or_another_scheme_is_no_key(header: str | None) -> None:
    assert key_in(header) is None


def test_bearer_and_basic_with_a_blank_user_are_one_sandbox() -> None:
    bearer = RING.caller("Bearer sk-mock-me", None)
    assert bearer == RING.caller(basic("", "sk-mock-me"), None)
    assert bearer == RING.caller("bearer   sk-mock-me", None)
    assert bearer != RING.caller("Bearer sk-mock-you", None)


@pytest.mark.parametrize("key", ["Bearer sk-mock-me", "basic sk-mock-me"])
def test_what_has_a_scheme_before_it_is_no_key_unless_it_is_listed(key: str) -> None:
    assert refused(RING, key) is Reason.INCORRECT_KEY
    assert refused(Keyring(FACTS, b"secret", mock_only=True), key) is Reason.INCORRECT_KEY
    Keyring(FACTS, b"secret", listed={key: BoundKey()}).caller(f"Bearer {key}", None)


def test_a_key_that_looks_real_does_so_behind_the_name_of_a_scheme() -> None:
    key = f"Bearer sk-proj-{'a1' * 20}"
    assert looks_real(key, FACTS.magic_prefix)
    assert hinted(f"Bearer {key}", FACTS.magic_prefix) == LOOKS_REAL
    assert not looks_real(f"Bearer {FACTS.magic_prefix}{'a1' * 20}", FACTS.magic_prefix)


def test_a_key_has_a_sandbox_before_it_is_let_in() -> None:
    name = RING.caller("Bearer sk-mock-me", None).sandbox
    assert Keyring(FACTS, b"secret", listed={}).sandbox_of("Bearer sk-mock-me") == name
    assert Keyring(FACTS, b"secret").sandbox_of("Bearer \udc80")  # a byte that is no text
    assert RING.sandbox_of(None) == RING.sandbox_of("Bearer ") == ""


def test_a_basic_key_may_have_colons_and_any_byte() -> None:
    assert key_in(basic("", " a:b ")) == "a:b"
    assert key_in("Basic " + b64encode(b":\xe9").decode()) == "\xe9"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=1, max_size=80))
def test_a_sandbox_name_never_holds_the_key(key: str) -> None:
    caller = RING.caller(f"Bearer {key}", None)
    assert len(caller.sandbox) == 24
    assert caller.sandbox.isalnum()
    assert len(key) < 4 or key not in repr(caller)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("fake_key", "fake_key"),
        ("twelve-chars", "twelve-chars"),
        ("thirteen-char", "thirteen*char"),
        ("sk-abcde" + "x" * 39 + "wxyz", "sk-abcde" + "*" * 39 + "wxyz"),
    ],
)
def test_a_long_key_is_masked_but_for_its_first_8_and_last_4(key: str, shown: str) -> None:
    assert masked(key) == shown


@pytest.mark.parametrize("name", sorted(FACTS.magic_keys))
@pytest.mark.parametrize("tail", ["", "-anything", "-a-b"])
def test_a_magic_key_has_its_effect_with_and_without_a_tail(name: str, tail: str) -> None:
    magic, key = FACTS.magic_keys[name], f"{FACTS.magic_prefix}{name}{tail}"
    if magic.refusal == Reason.INCORRECT_KEY:
        assert refused(RING, key) is Reason.INCORRECT_KEY
    else:
        caller = RING.caller(f"Bearer {key}", None)
        assert (caller.tier, caller.refusal) == (magic.tier, magic.refusal)


@pytest.mark.parametrize("key", ["sk-mock-freedom", "sk-mock-tier10", "free", "sk-free"])
def test_a_key_that_only_begins_like_a_magic_one_is_plain(key: str) -> None:
    caller = RING.caller(f"Bearer {key}", None)
    assert (caller.tier, caller.refusal) == (None, None)


def test_mock_keys_only() -> None:
    ring = Keyring(FACTS, b"secret", mock_only=True)
    assert ring.caller("Bearer sk-mock-me", None).sandbox
    assert refused(ring, "sk-other") is Reason.INCORRECT_KEY
    assert Keyring(FACTS, b"secret").caller("Bearer sk-other", None).sandbox


def test_listed_keys_only_and_bound_to_their_organization_and_tier() -> None:
    ring = Keyring(FACTS, b"secret", listed={"team": BoundKey("org-team", "3"), "free": BoundKey()})
    assert ring.caller("Bearer team", "org-team").tier == "3"
    assert ring.caller("Bearer free", "org-whatever").tier is None
    assert refused(ring, "team", "org-other") is Reason.MISMATCHED_ORGANIZATION
    assert refused(ring, "sk-mock-me") is Reason.INCORRECT_KEY


@pytest.mark.parametrize("sent", ["None", "None\0"])
def test_an_organization_called_none_is_one(sent: str) -> None:
    ring = Keyring(FACTS, b"secret", listed={"sk-a": BoundKey("org-a")})
    ring.caller("Bearer sk-a", None)  # who sends none is let in, and remembered
    assert refused(ring, "sk-a", sent) is Reason.MISMATCHED_ORGANIZATION


def test_two_headers_are_not_taken_for_two_others() -> None:
    before = RING.caller("Bearer sk-a\0sk-b", "sk-c")
    assert before != RING.caller("Bearer sk-a", "sk-b\0sk-c")


def test_any_organization_is_accepted_but_the_magic_one() -> None:
    assert RING.caller("Bearer sk-mock-me", "org-anything").sandbox
    assert refused(RING, "sk-mock-me", "org-mock-mismatch") is Reason.MISMATCHED_ORGANIZATION


@pytest.mark.parametrize(
    ("key", "real"),
    [
        ("sk-" + "a" * 48, True),
        ("sk-" + "a" * 32, True),
        ("sk-" + "a" * 31, False),
        ("sk-proj-" + "a_b-" * 20, True),
        ("sk-admin-" + "a" * 32, True),
        ("sk-None-" + "a" * 32, True),
        ("sk-svcacct-" + "a" * 60, True),
        ("sk-mock-" + "a" * 60, False),
        ("sk-test", False),
        ("test-key", False),
    ],
)
def test_keys_that_cost_money_elsewhere_are_recognized(key: str, real: bool) -> None:
    assert looks_real(key, FACTS.magic_prefix) is real


def test_names_look_like_the_ones_of_the_api_and_are_the_same_for_ever() -> None:
    caller = RING.caller("Bearer sk-mock-me", None)
    assert caller.sandbox == "y8uj84GpaFlMYe0qZrukhzw7"
    assert caller.organization == "org-y8uj84GpaFlMYe0qZrukhzw7"
    assert caller.user == "user-19xpkRIVkdLztbPYWIxYqJxg"
    assert caller.project == "proj_J2xqTrnWxDWqGyJ9fgmCEZfB"
    assert dict(caller.headers) == {
        b"openai-organization": caller.user.lower().encode(),
        b"openai-project": caller.project.encode(),
    }


# -- keys of organizations -------------------------------------------------------------------------


def test_a_key_of_an_organization_opens_the_sandbox_that_it_reports_on() -> None:
    for name in ("me", "tier3-a", "no-credit", "a-b-c", "admin-x"):
        caller = RING.caller(f"Bearer {admin_key(f'sk-mock-{name}')}", None)
        own = RING.caller(f"Bearer sk-mock-{name}", None)
        if name != "admin-x":  # which is one itself
            assert (caller.sandbox, caller.reports_on) == (own.sandbox, (own.sandbox,))
        assert RING.sandbox_of(f"Bearer sk-mock-admin-{name}") == caller.sandbox
        assert (caller.tier, caller.refusal) == (None, None)


def test_one_without_a_name_reports_on_all_and_others_on_none() -> None:
    everyone = RING.caller("Bearer sk-mock-admin", None)
    assert everyone.reports_on == ()
    assert everyone.sandbox == RING.sandbox_of("Bearer sk-mock-admin")
    assert RING.caller("Bearer sk-mock-adminme", None).reports_on is None
    assert RING.caller("Bearer sk-admin-me", None).reports_on is None


def test_where_keys_are_listed_an_organization_is_that_of_the_list() -> None:
    listed = {
        "sk-a": BoundKey("org-1"),
        "sk-b": BoundKey("org-1", "3"),
        "sk-c": BoundKey("org-2"),
        "sk-boss": BoundKey("org-1", admin=True),
        "sk-mock-me": BoundKey(),
    }
    ring = Keyring(FACTS, b"secret", listed=listed)
    names = {key: ring.caller(f"Bearer {key}", None).sandbox for key in listed}
    boss = ring.caller("Bearer sk-boss", None)
    assert boss.reports_on == (names["sk-a"], names["sk-b"], names["sk-boss"])
    assert ring.caller("Bearer sk-mock-admin-me", None).reports_on == (names["sk-mock-me"],)
    for key in ("sk-mock-admin-you", "sk-mock-admin"):
        assert refused(ring, key) is Reason.INCORRECT_KEY


@pytest.mark.parametrize(
    ("key", "admin"),
    [
        ("sk-mock-me", "sk-mock-admin-me"),
        ("sk-mock-", "sk-mock-admin-"),
        ("sk-other", ""),
        ("", ""),
    ],
)
def test_the_environment_has_the_key_of_the_organization(key: str, admin: str) -> None:
    assert admin_key(key) == admin
    assert variables("http://x/v1", key, {})["OPENAI_ADMIN_KEY"] == admin
