"""Where clients are led, and kept from: variables of the environment, hosts. Sets nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from mockserver.core.addresses import API

#: What clients read an address from, with /v1 at its end: the SDKs the first; some, as camel-ai and
#: promptfoo, the second before it; LiteLLM's edits and LangChain the third.
ADDRESS = ("OPENAI_BASE_URL", "OPENAI_API_BASE_URL", "OPENAI_API_BASE")
#: promptfoo reads this before all others, and makes `https://HOST/v1` of it.
HOST = "OPENAI_API_HOST"
#: What clients of Azure's read an address from, without /v1: the SDKs and semantic-kernel; LiteLLM.
AZURE_ADDRESS = ("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE")
_AZURE_KEYS = ("AZURE_OPENAI_API_KEY", "AZURE_API_KEY")
#: Tokens that the same clients take in place of a key, where they are set.
_AZURE_TOKENS = ("AZURE_OPENAI_AD_TOKEN", "AZURE_AD_TOKEN")
_AZURE_VERSIONS = ("OPENAI_API_VERSION", "AZURE_API_VERSION")
#: Sent where the user has chosen none: the oldest that knows edits.
_VERSION = "2025-04-01-preview"
#: openai-agents sends what its agents did to the real API, whatever base URL its client has.
UNTRACED = "OPENAI_AGENTS_DISABLE_TRACING"
_HERE = ("127.0.0.1", "localhost")  # requests to the mock shall not leave by a proxy
_MAGIC = "sk-mock-"  # what keys of the mock's begin with
REAL = "api.openai.com"
#: Guarded always, as are Azure's below. hosts.toml has the sources, and isn't read for these.
_ALWAYS = (REAL, f"*.{REAL}", "oaidalleapiprodscus.blob.core.windows.net")
_AZURE = (
    "*.openai.azure.com",
    "*.services.ai.azure.com",
    "*.cognitiveservices.azure.com",
    "*.api.cognitive.microsoft.com",
    "*.openai.azure.us",
    "*.cognitiveservices.azure.us",
)
_AZURE_PICTURES = (
    "dalleprodaue.blob.core.windows.net",
    "dalleprodsec.blob.core.windows.net",
    "dalleproduse.blob.core.windows.net",
)
_AZURE_DOMAINS = tuple(host[1:] for host in _AZURE)


def variables(
    url: str, key: str, environment: Mapping[str, str], guarded: Iterable[str] = ()
) -> dict[str, str]:
    """The variables that lead clients to a server, and keep proxies and traces out of the way.

    Args:
        url: the server's, with /v1.
        key: the API key to send.
        environment: what is set now.
        guarded: hosts that no proxy may be asked for, so that a guard sees them.

    A version of Azure's API that is set stays: it is the program's own choice, and leads nowhere.
    """
    known = ",".join(environment.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    kept_in = (h.removeprefix("*") for h in guarded if not h.startswith("!"))
    hosts = (*known.split(","), *_HERE, *kept_in)
    direct = ",".join(dict.fromkeys(filter(None, map(str.strip, hosts))))
    found = dict.fromkeys(ADDRESS, url)
    found |= {"OPENAI_API_KEY": key, "OPENAI_ADMIN_KEY": admin_key(key)}
    if environment.get(HOST):  # blank, it is passed over
        found[HOST] = urlsplit(url).netloc if url.startswith("https:") else ""
    found |= dict.fromkeys(AZURE_ADDRESS, url.removesuffix(API)) | dict.fromkeys(_AZURE_KEYS, key)
    found |= {name: key for name in _AZURE_TOKENS if name in environment}
    found |= {name: environment.get(name, "").strip() or _VERSION for name in _AZURE_VERSIONS}
    found[UNTRACED] = environment.get(UNTRACED) or "true"
    return found | {"NO_PROXY": direct, "no_proxy": direct}


def admin_key(key: str) -> str:
    """The key of the organization that a key of the mock's is of; "" of any other key."""
    return f"{_MAGIC}admin-{key[len(_MAGIC) :]}" if key.startswith(_MAGIC) else ""


def hosts_to_guard(also: str) -> list[str]:
    """The hosts that always are guarded, and those that a list parted by commas or blanks names.

    The name of a preset ("gateways", "azure") stands for all of its hosts; `!` before a host spares
    it.
    """
    hosts = [*_ALWAYS, *_AZURE, *_AZURE_PICTURES]
    for word in also.replace(",", " ").split():
        hosts += (word,) if "." in word else _presets().get(word, (word,))
    return hosts


def is_of_azure(host: str) -> bool:
    """Whether a host, in small letters, answers for Azure's API."""
    return host.endswith(_AZURE_DOMAINS)


@lru_cache(maxsize=1)
def _presets() -> dict[str, list[str]]:
    import tomllib

    from mockserver.packaged import packaged

    facts = str(Path(__file__).parents[1] / "facts")  # read alone: the plugin loads no others
    found: dict[str, list[str]] = {}
    for host in tomllib.loads(packaged(facts, "hosts.toml").decode("utf-8"))["host"]:
        found.setdefault(host["preset"], []).append(host["name"])
    return found
