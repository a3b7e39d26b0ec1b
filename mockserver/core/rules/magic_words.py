"""The magic words of prompts: scripted behaviour for clients that can only choose a prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from itertools import islice
from typing import Any

from mockserver.core.rules.parser import RuleError, effect_of
from mockserver.core.rules.rule import Rule, When
from mockserver.core.texts import likely_name

_LIKELY = r"(?i)(?<![\w:])mock:\w[\w.=-]{0,40}"
_SECONDS = r"[0-9]{1,5}(?:\.[0-9]{1,3})?"
MAGIC = "magic:"  # how the id of such a rule begins


class Words:
    """The magic words of prompts: `mock:429`, `mock:429x2`, `mock:slow=5s`."""

    def __init__(self, effects: Mapping[str, Mapping[str, Any]]) -> None:
        self._effects = effects  # word → `then`, in which "$" stands for what is after `=`
        names = "|".join(sorted(map(re.escape, effects), key=len, reverse=True))
        self._word = re.compile(
            rf"(?<![\w:])mock:({names})(?:x([1-9][0-9]{{0,3}}))?(?:=([\w.]*\w))?(?![\w-])"
        )

    def misspelt(self, prompt: str) -> list[str]:
        """What looks like a magic word and is none, of many the first: a sentence each."""
        likely = dict.fromkeys(re.findall(_LIKELY, prompt))
        return [self._guess(t) for t in islice((t for t in likely if self.rule(t) is None), 3)]

    def _guess(self, text: str) -> str:
        name = re.split(r"=|x\d+\Z", text[len("mock:") :].lower())[0]
        close = likely_name(name, self._effects)
        if not close:
            return f"{text!r} is no magic word: it is one of {', '.join(self._effects)}"
        value = "=5s" if "$" in self._effects[close].values() else ""
        return f"{text!r} is no magic word: did you mean mock:{close}{value}?"

    def rule(self, prompt: str) -> Rule | None:
        """The rule that a prompt carries in itself, for this very prompt; None without one."""
        found = self._word.search(prompt) if "mock:" in prompt else None
        if found is None:
            return None
        word, times, value = found.groups()
        try:
            then = effect_of({k: _valued(v, value) for k, v in self._effects[word].items()})
        except RuleError:
            return None
        return Rule(
            when=When(),  # it is there for this request alone
            then=then,
            times=int(times) if times else None,
            name=found[0],
            id=f"{MAGIC}{_digest(prompt)}",
            origin="magic",
        )


def _digest(prompt: str) -> str:
    return blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _valued(then: Any, value: str | None) -> Any:
    """What a word means, with the value after `=` in place of `$`: a bare number is seconds."""
    if then != "$":
        return then
    return float(value) if value and re.fullmatch(_SECONDS, value) else value
