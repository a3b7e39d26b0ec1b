"""Who asks: from an Authorization header to a caller with a sandbox of his own. Stores no key."""

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b, sha256
from typing import NamedTuple

from mockserver.core.errors import ApiError, Reason
from mockserver.core.masking import masked
from mockserver.core.texts import shortened
from mockserver.facts import Facts, MagicKey

LOOKS_REAL = "(one that looks real)"
ADMIN = "admin"  # the magic name of keys of organizations
MARK = 8  # letters and digits of a sandbox's name that say whose it is: the last of them
CALLERS = 4_096  # that are remembered at once
_SHOWN = 40  # characters of this mock's own keys, which open nothing elsewhere
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_LETTERS = bytes(_LETTERS[i % len(_LETTERS)] for i in range(256))
_SCHEMES = ("bearer", "basic")
_ALONE = "a key is one word: send it alone, in api-key without 'Bearer' before it"
# Keys that the vendor hands out: sk-, an optional kind, and a long tail.
_REAL = re.compile(r"sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{32,}\Z")


@dataclass(frozen=True)
class Caller:
    """The sandbox that a key opens, under names that look like the API's."""

    sandbox: str  # 24 letters and digits, from an HMAC of the key
    tier: str | None = None  # of this key alone; None is the server's
    refusal: Reason | None = None  # what every request with this key meets
    hint: str = field(default="", repr=False)  # at the key, see `hinted`
    #: Whose sandboxes a key of organizations may look into; none is all there are.
    reports_on: tuple[str, ...] | None = None  # None: it is no such key

    @cached_property
    def organization(self) -> str:
        """As error messages and picture URLs name it."""
        return f"org-{self.sandbox}"

    @cached_property
    def user(self) -> str:
        """The user part of a picture URL."""
        return f"user-{letters(self.sandbox.encode())}"

    @cached_property
    def project(self) -> str:
        """As the `openai-project` header names the default project."""
        return f"proj_{letters(self.user.encode())}"

    @cached_property
    def key_id(self) -> str:
        """As reports name the key."""
        return f"key_{letters(self.project.encode())[:16]}"

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """As an answer's headers name a personal organization, and its project."""
        organization = (b"openai-organization", self.user.lower().encode())
        return organization, (b"openai-project", self.project.encode())


class BoundKey(NamedTuple):
    """A key of a `--keys` file, and what it is bound to."""

    organization: str | None = None
    tier: str | None = None
    admin: bool = False  # it reports on the keys of its organization


_PLAIN = MagicKey("", "")
_UNBOUND = BoundKey()


class Keyring:
    """Which keys are let in: any, those of this mock, or those that are listed."""

    def __init__(
        self,
        facts: Facts,
        secret: bytes,
        *,
        mock_only: bool = False,
        listed: Mapping[str, BoundKey] | None = None,
        named: Callable[[str, str], str] | None = None,
    ) -> None:
        self._secret = secret
        self._magic_prefix = facts.magic_prefix
        self._prefix = facts.magic_prefix if mock_only else ""
        self._listed = listed
        self._named = named  # what is made of a key and of the name that its sandbox would have
        self._mismatch = facts.mismatched_organization
        self._magic = facts.magic_keys
        names = "|".join(map(re.escape, facts.magic_keys))
        self._effect = re.compile(rf"{re.escape(facts.magic_prefix)}({names})(?:-|\Z)")
        self._callers: dict[bytes, Caller] = {}  # by a digest of what they sent
        self._shown: dict[str, str] = {}  # of their keys, by the names of their sandboxes

    def caller(self, authorization: str | None, organization: str | None) -> Caller:
        """The caller behind these two header values.

        Raises:
            ApiError: no key, an unknown key, or an organization that is not the key's.
        """
        sent = repr((authorization, organization)).encode()  # None is not the text "None"
        mark = blake2b(sent, key=self._secret, digest_size=16).digest()
        found = self._callers.get(mark)
        if found is None:
            if len(self._callers) >= CALLERS:
                self._callers.clear()
                self._shown.clear()
            found = self._caller(authorization, organization)
            self._callers[mark] = found
        return found

    def of(self, sandbox: str) -> Caller:
        """Whose sandbox it is, if its key came lately; else as any key's."""
        known = (c for c in self._callers.values() if c.sandbox == sandbox)
        return next(known, Caller(sandbox))

    def shown(self) -> Mapping[str, str]:
        """What may be seen of the keys that came lately, by the names of their sandboxes."""
        return self._shown

    def _caller(self, authorization: str | None, organization: str | None) -> Caller:
        key = key_in(authorization)
        if key is None:
            raise ApiError(Reason.MISSING_KEY)
        effect = self._effect.match(key)
        magic = self._magic[effect[1]] if effect else _PLAIN
        refusal = Reason(magic.refusal) if magic.refusal else None
        of_key = self._reported(key) if magic.admin else ""
        is_known = self._knows(key) or (of_key and self._knows(of_key))
        if refusal is Reason.INCORRECT_KEY or not is_known:
            told = {"hint": _ALONE} if _has_scheme(key) else {}
            raise ApiError(Reason.INCORRECT_KEY, key=masked(key), **told)
        bound = (self._listed or {}).get(key, _UNBOUND)
        if organization and not self._belongs(organization, bound):
            raise ApiError(Reason.MISMATCHED_ORGANIZATION)
        hint = hinted(authorization, self._magic_prefix)
        reports_on = self._reports_on(magic, bound, of_key)
        name = self._name(of_key or key)
        if reports_on is None:
            is_own = key.startswith(self._magic_prefix)
            self._shown[name] = shortened(key, _SHOWN) if is_own else hint
        return Caller(name, magic.tier or bound.tier, refusal, hint, reports_on)

    def _reported(self, key: str) -> str:
        """The key that a key of its organization tells about; "" is all."""
        rest = key.removeprefix(f"{self._magic_prefix}{ADMIN}").removeprefix("-")
        return f"{self._magic_prefix}{rest}" if rest else ""

    def _reports_on(self, magic: MagicKey, bound: BoundKey, of_key: str) -> tuple[str, ...] | None:
        if bound.admin and self._listed:
            others = [k for k, b in self._listed.items() if b.organization == bound.organization]
            return tuple(map(self._name, others))
        if not magic.admin:
            return None
        return (self._name(of_key),) if of_key else ()

    def sandbox_of(self, authorization: str | None) -> str:
        """The sandbox that a key would open, let in or not; "" without a key."""
        key = key_in(authorization)
        if key is None:
            return ""
        effect = self._effect.match(key)
        is_admin = effect is not None and self._magic[effect[1]].admin
        return self._name((self._reported(key) if is_admin else "") or key)

    def _name(self, key: str) -> str:
        digest = hmac.digest(self._secret, key.encode("utf-8", "surrogateescape"), "sha256")
        found = letters(digest)
        return self._named(key, found) if self._named else found

    def _knows(self, key: str) -> bool:
        if self._listed is not None:
            return key in self._listed
        return key.startswith(self._prefix) and not _has_scheme(key)

    def _belongs(self, organization: str, bound: BoundKey) -> bool:
        return organization != self._mismatch and bound.organization in (None, organization)


def key_in(authorization: str | None) -> str | None:
    """The key of a bearer header, or of a basic one with a blank user name; None without one."""
    scheme, _, rest = (authorization or "").partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip() or None
        case "basic":
            return _password(rest.strip())
        case _:
            return None


def _password(credentials: str) -> str | None:
    try:
        text = b64decode(credentials, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None
    user, _, password = text.partition(":")
    return None if user else password.strip() or None


def hinted(authorization: str | None, magic_prefix: str) -> str:
    """So much of a key as tells its owner which one it was; nothing of one that may cost money."""
    key = key_in(authorization)
    if key is None:
        return "(none)"
    if looks_real(key, magic_prefix):
        return LOOKS_REAL
    return key if len(key) <= 12 else f"{key[:8]}…{key[-4:]}"


def looks_real(key: str, magic_prefix: str) -> bool:
    """Whether this looks like a key that costs money elsewhere, maybe with its scheme before it."""
    last = key.rpartition(" ")[2]
    return not last.startswith(magic_prefix) and _REAL.match(last) is not None


def _has_scheme(key: str) -> bool:
    """Whether the word of a scheme stands before it, as where it was copied with its header."""
    return key.partition(" ")[0].lower() in _SCHEMES and " " in key


@lru_cache(maxsize=2048)
def letters(data: bytes) -> str:
    """24 letters and digits that stand for `data`."""
    return sha256(data).digest()[:24].translate(_TO_LETTERS).decode("ascii")
