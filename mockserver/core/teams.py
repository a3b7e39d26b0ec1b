"""Which teams share a server, and whose a key or a sandbox is. Knows no token.

The name of a sandbox says whose it is: that of a team's ends with the team's mark. So a store, a
URL or a record needs to know nothing else to be told apart.
"""

import hmac
import re
from collections.abc import Callable, Sequence

from mockserver.core.keys import MARK, letters


class Teams:
    """The teams of a server.

    Args:
        names: of all of them.
        secret: what nobody else makes their marks from.
        prefix: what keys begin with; then comes a team's name, and maybe a dash and anything.
    """

    def __init__(self, names: Sequence[str], secret: bytes, prefix: str) -> None:
        self.names = tuple(sorted(names))
        self.marks = {
            name: letters(hmac.digest(secret, name.encode(), "sha256"))[-MARK:]
            for name in self.names
        }
        self._teams = {mark: name for name, mark in self.marks.items()}
        # Of art and art-eu, sk-mock-art-eu-x is a key of the second: the longer one is tried first.
        found = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._of_key = re.compile(rf"{re.escape(prefix)}({found})(?:-|\Z)")

    def of_key(self, key: str) -> str:
        """The team that a key is of; "" is none."""
        found = self._of_key.match(key)
        return found[1] if found else ""

    def of(self, sandbox: str) -> str:
        """The team that a sandbox is of, by its name; "" is none."""
        return self._teams.get(sandbox[-MARK:], "")

    def named(self, key: str, name: str) -> str:
        """The name of a key's sandbox, from the one that it had if there were no teams."""
        if team := self.of_key(key):
            return name[:-MARK] + self.marks[team]
        while self.of(name):  # by chance, or because somebody tried keys until it was so
            name = letters(name.encode())
        return name


#: Whose a sandbox is, by its name, where there are teams.
TeamOf = Callable[[str], str]


def check_name(name: str, magic: Sequence[str]) -> None:
    """Refuse a team whose keys would be none of its own.

    Args:
        name: of the team.
        magic: names by which keys have effects.

    Raises:
        ValueError: with the reason.
    """
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,30}", name):
        raise ValueError("a team's name has 1 to 31 letters a-z, digits and dashes, no dash first")
    for one in magic:
        if one == name or one.startswith(f"{name}-") or name.startswith(f"{one}-"):
            raise ValueError(
                f"keys that begin with sk-mock-{one} have an effect; name it otherwise"
            )


_LINE = re.compile(r"""\s*([^\s=#]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'#]\S*))\s*(?:#.*)?""")


def tokens_in(text: str, magic: Sequence[str]) -> dict[str, str]:
    """The token of each team, from lines TEAM = TOKEN, with or without quotes round the token.

    So a table of TOML is such a text, too. What a # begins is a comment.

    Args:
        text: of a file.
        magic: names by which keys have effects.

    Raises:
        ValueError: which line is wrong, and why, without what may be a token.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            name, token = _read(line)
            check_name(name, magic)
            if name in found:
                raise ValueError("a team is there twice")
            if token in found.values():
                raise ValueError("two teams have the same token")
        except ValueError as error:
            raise ValueError(f"names a file whose line {number} is wrong: {error}") from None
        found[name] = token
    if not found:
        raise ValueError("names a file without a line TEAM = TOKEN")
    return found


def _read(line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("it must be TEAM = TOKEN, as art = 5c7f…")
    token = next((t for t in match.groups()[1:] if t is not None), "")
    if not token or not all("!" <= c <= "~" for c in token):
        raise ValueError("a token is one word in ASCII, and not nothing")
    return match[1], token
