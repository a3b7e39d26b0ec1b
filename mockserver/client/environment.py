"""Where clients are led, and kept from: variables of the environment, hosts. Sets nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

#: What clients read an address from, with /v1 at its end: the SDKs the first; some, as camel-ai and
#: promptfoo, the second before it; LiteLLM's edits and LangChain the third.
ADDRESS = ("OPENAI_BASE_URL", "OPENAI_API_BASE_URL", "OPENAI_API_BASE")
#: promptfoo reads this before all others, and makes `https://HOST/v1` of it.
HOST = "OPENAI_API_HOST"
#: openai-agents sends what its agents did to the real API, whatever base URL its client has.
UNTRACED = "OPENAI_AGENTS_DISABLE_TRACING"
_HERE = ("127.0.0.1", "localhost")  # requests to the mock shall not leave by a proxy
_MAGIC = "sk-mock-"  # what keys of the mock's begin with
REAL = "api.openai.com"
#: Guarded always; the second is where URLs of pictures led, as recorded 2022-11 to 2025.
_ALWAYS = (REAL, "oaidalleapiprodscus.blob.core.windows.net")


def variables(
    url: str, key: str, environment: Mapping[str, str], guarded: Iterable[str] = ()
) -> dict[str, str]:
    """The variables that lead clients to a server, and keep proxies and traces out of the way.

    Args:
        url: the server's, with /v1.
        key: the API key to send.
        environment: what is set now.
        guarded: hosts that no proxy may be asked for, so that a guard sees them.
    """
    known = ",".join(environment.get(name, "") for name in ("NO_PROXY", "no_proxy"))
    hosts = (*known.split(","), *_HERE, *(h.removeprefix("*") for h in guarded))
    direct = ",".join(dict.fromkeys(filter(None, map(str.strip, hosts))))
    found = dict.fromkeys(ADDRESS, url)
    found |= {"OPENAI_API_KEY": key, "OPENAI_ADMIN_KEY": admin_key(key)}
    if environment.get(HOST):  # blank, it is passed over
        found[HOST] = urlsplit(url).netloc if url.startswith("https:") else ""
    found[UNTRACED] = environment.get(UNTRACED) or "true"
    return found | {"NO_PROXY": direct, "no_proxy": direct}


def admin_key(key: str) -> str:
    """The key of the organization that a key of the mock's is of; "" of any other key."""
    return f"{_MAGIC}admin-{key[len(_MAGIC) :]}" if key.startswith(_MAGIC) else ""


def hosts_to_guard(also: str) -> list[str]:
    """The hosts that always are guarded, and those that a list parted by commas or blanks names.

    The name of a preset ("gateways", "azure") stands for all of its hosts.
    """
    hosts = [*_ALWAYS]
    for word in also.replace(",", " ").split():
        hosts += (word,) if "." in word else _presets().get(word, (word,))
    return hosts


@lru_cache(maxsize=1)
def _presets() -> dict[str, list[str]]:
    import tomllib

    from mockserver.packaged import packaged

    facts = str(Path(__file__).parents[1] / "facts")  # read alone: the plugin loads no others
    found: dict[str, list[str]] = {}
    for host in tomllib.loads(packaged(facts, "hosts.toml").decode("utf-8"))["host"]:
        found.setdefault(host["preset"], []).append(host["name"])
    return found
