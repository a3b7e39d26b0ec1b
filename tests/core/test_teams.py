"""Whose a key and a sandbox is, and how the file of tokens is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.config import ConfigError, configured
from mockserver.core.keys import MARK, Keyring, letters
from mockserver.core.teams import Teams, tokens_in
from mockserver.facts import load

MAGIC = [*load().magic_keys]
NAMES = ("art", "art-eu", "lab", "0")
TEAMS = Teams(NAMES, b"secret", "sk-mock-")
PLAIN = Keyring(load(), b"keys")
TEAMED = Keyring(load(), b"keys", named=TEAMS.named)


@pytest.mark.parametrize(
    ("key", "team"),
    [("sk-mock-art", "art"), ("sk-mock-art-", "art"), ("sk-mock-art-eu-x", "art-eu")]
    + [("sk-mock-art-eux", "art"), ("sk-mock-0-1", "0"), ("sk-mock-lab-art-x", "lab")]
    + [("sk-mock-artist", ""), ("sk-mock-me", ""), ("sk-art-x", ""), ("xsk-mock-art-x", "")]
    + [("sk-mock-ART-x", ""), ("sk-mock-tier1-art-x", ""), ("", ""), ("sk-mock-lab\n", "")],
)
def test_a_key_is_of_the_longest_team_that_it_begins_with(key: str, team: str) -> None:
    assert TEAMS.of_key(key) == team


@given(st.sampled_from([f"sk-mock-{n}" for n in (*NAMES, "me", "")]), st.text(max_size=20))
def test_a_sandbox_is_told_by_its_name_to_be_of_its_keys_team(head: str, tail: str) -> None:
    key = head + tail.encode("ascii", "ignore").decode()
    name = TEAMED.sandbox_of(f"Bearer {key}")
    assert TEAMS.of(name) == TEAMS.of_key(key.strip())
    if name and not TEAMS.of(name):
        assert name == PLAIN.sandbox_of(f"Bearer {key}")
    assert name[:-MARK] == PLAIN.sandbox_of(f"Bearer {key}")[:-MARK]
    assert len(name) in (0, 24)


def test_a_key_that_reports_on_another_is_of_that_ones_team() -> None:
    found = TEAMED.sandbox_of("Bearer sk-mock-admin-art-x")
    assert found == TEAMED.sandbox_of("Bearer sk-mock-art-x")
    assert TEAMS.of(TEAMED.sandbox_of("Bearer sk-mock-admin")) == ""


def test_who_finds_a_key_whose_name_would_end_as_a_teams_gets_another_name() -> None:
    stolen = "A" * 16 + TEAMS.marks["art"]
    assert TEAMS.of(stolen) == "art"
    found = TEAMS.named("sk-mock-me", stolen)
    assert (TEAMS.of(found), len(found)) == ("", 24)
    assert found == TEAMS.named("sk-mock-me", stolen) == letters(stolen.encode())


def test_a_file_of_tokens_is_lines_or_a_table_of_toml_with_comments() -> None:
    text = '# who may\n\nart = 5c7f#a  # theirs\r\n lab="b c"\n'.replace("b c", "bc")
    text += "art-eu = 'd\"d' # it\n\t# end"
    assert tokens_in(text, MAGIC) == {"art": "5c7f#a", "lab": "bc", "art-eu": 'd"d'}
    assert tokens_in("\ufeffart = x", MAGIC) == {"art": "x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("art = S3CRET\nlab S3CRET", "line 2 is wrong: it must be TEAM = TOKEN"),
        ("art = S3CRET S3CRET", "line 1 is wrong: it must be TEAM = TOKEN"),
        ('art = "S3CRET', "line 1 is wrong: it must be TEAM = TOKEN"),
        ("[art]", "line 1 is wrong: it must be TEAM = TOKEN"),
        ("art =", "line 1 is wrong: it must be TEAM = TOKEN"),
        ('art = ""', "line 1 is wrong: a token is one word in ASCII, and not nothing"),
        ('art = "S3CRET S3CRET"', "line 1 is wrong: a token is one word"),
        ("art = S3CRETß", "line 1 is wrong: a token is one word"),
        ("#\nArt = S3CRET", "line 2 is wrong: a team's name has 1 to 31 letters"),
        ("-a = S3CRET", "line 1 is wrong: a team's name has"),
        ("a" * 32 + " = S3CRET", "line 1 is wrong: a team's name has"),
        ("free = S3CRET", "line 1 is wrong: keys that begin with sk-mock-free have an effect"),
        ("no = S3CRET", "line 1 is wrong: keys that begin with sk-mock-no-credit have an effect"),
        ("tier1-x = S3CRET", "line 1 is wrong: keys that begin with sk-mock-tier1 have an effect"),
        ("art = S3CRET\nart = t", "line 2 is wrong: a team is there twice"),
        ("art = S3CRET\nlab = S3CRET", "line 2 is wrong: two teams have the same token"),
        ("# nobody\n", "without a line TEAM = TOKEN"),
    ],
)
def test_what_is_wrong_with_a_file_of_tokens_is_told_by_line_and_without_tokens(
    text: str, said: str
) -> None:
    with pytest.raises(ValueError, match="names a file") as refused:
        tokens_in(text, MAGIC)
    assert said in str(refused.value)
    assert "S3CRET" not in str(refused.value)


def test_a_file_that_is_none_is_refused_by_the_name_of_the_setting(tmp_path: object) -> None:
    for path in (str(tmp_path), f"{tmp_path}/none", "a\0b"):
        with pytest.raises(ConfigError, match="^control-token-file (must be|names a file)"):
            configured(control_token_file=path)


@pytest.mark.parametrize("name", MAGIC)
def test_no_team_has_the_name_of_an_effect(name: str) -> None:
    with pytest.raises(ValueError, match="have an effect"):
        tokens_in(f"{name} = t", MAGIC)
