"""What a migration says of requests: faults and fixes, defaults, prices, what can't be known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mockserver.core.judging.migration import USUAL, Migration, Move, Terms, joined, moved
from mockserver.core.judging.migration_text import as_json, dollars, from_json, lines, sentence
from mockserver.core.judging.model_days import NoSuchModel, judged_day, nearest_day
from mockserver.core.judging.seen import Journal
from mockserver.facts import ever_there, load
from mockserver.facts.costs import Limit
from mockserver.facts.files import file
from mockserver.facts.migration import fix_for

TODAY = date(2026, 11, 28)
FILLED = {"model": "dall-e-2", "n": 1, "size": "1024x1024", "response_format": "url"}


def record(sent: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record of a request to DALL·E, as the control API tells it."""
    told: dict[str, Any] = {"id": "req_1", "time": 1.0, "method": "POST", "status": 200}
    told |= {"path": "/v1/images/generations", "operation": "images.generate", "error": None}
    told |= {"usd": 0.016, "milliseconds": 1, "trace": [], "scripted": False, "rules": []}
    told |= {"call": "", "retries": 0, "sandbox": "s", "pictures": ["img-1.png"]}
    filled = [name for name in FILLED if name not in sent]
    fields = {"operation": "images.generate", "prompt": "a fox", **FILLED, **sent}
    return {**told, "fields": fields, "filled": filled, **more}


def migration(
    *records: dict[str, Any],
    to: str = "gpt-image-2",
    day: date = TODAY,
    terms: Terms = USUAL,
    downloads: list[dict[str, Any]] | None = None,
) -> Migration:
    journal = Journal.of({"requests": records, "downloads": downloads or []})
    return moved(journal, load(day), to, day, terms)


def one(*records: dict[str, Any], **how: Any) -> Move:
    (move,) = migration(*records, **how).moves
    return move


def test_each_fault_is_told_behind_the_one_before_it_with_its_fix() -> None:
    move = one(record({"response_format": "url", "size": "256x256"}))
    assert [(f.status, f.code, f.about) for f in move.faults] == [
        (400, "unknown_parameter", "response_format"),
        (400, "invalid_value", "size 256x256"),
    ]
    assert "leave response_format out" in move.faults[0].fix
    assert move.faults[1].fix == "ask for 816x816, and scale it to 256x256"
    assert move.after == 0
    assert move.mended is not None
    assert move.least <= move.mended <= move.most


def test_hd_is_called_high_and_style_is_dropped() -> None:
    fields = {"model": "dall-e-3", "quality": "hd", "style": "vivid"}
    move = one(record(fields))
    assert [f.fix for f in move.faults] == [
        "leave style out, and say it in the prompt",
        "send quality high in place of hd",
    ]
    assert move.missing == ["url", "revised_prompt"]


@pytest.mark.parametrize(
    ("sent", "to", "fix", "times"),
    [
        ({"n": 3}, "dall-e-3", "ask for one at a time, in several requests", 3),
        ({"size": "512x512"}, "dall-e-3", "ask for 1024x1024, and scale it to 512x512", 1),
        ({"size": "1024x1536"}, "dall-e-3", "ask for 1024x1792, and scale it to 1024x1536", 1),
        ({"prompt": "f" * 4001}, "dall-e-3", "shorten the prompt to 4000 characters", 1),
        ({"size": "<i>"}, "dall-e-3", "ask for 1024x1024", 1),
    ],
)
def test_what_is_mended_has_the_price_of_as_many_pictures(
    sent: dict[str, Any], to: str, fix: str, times: int
) -> None:
    move = one(record(sent), to=to, day=date(2024, 3, 1))
    price = 0.08 if sent.get("size") == "1024x1536" else 0.04
    assert [f.fix for f in move.faults] == [fix]
    assert move.mended == pytest.approx(times * price)


def test_defaults_are_told_as_they_are_left_to_the_model() -> None:
    move = one(record({}))
    assert [tuple(o) for o in move.others] == [
        ("size", "1024x1024", "auto"),
        ("quality", None, "auto"),
        ("background", None, "auto"),
        ("output_format", None, "png"),
        ("response_format", "url", None),
    ]
    assert move.is_about
    assert move.least < move.most


def test_a_price_is_certain_where_nothing_is_left_to_the_model() -> None:
    sent = {"model": "gpt-image-1.5", "size": "1024x1024", "quality": "high"}
    move = one(record(sent, pictures=[]))
    assert not move.is_about
    assert move.after > 0


def test_a_download_proves_that_the_url_was_read() -> None:
    path = "/private/org/user/img-1.png"
    download = record({}, path=path, operation="", fields={}, filled=[], pictures=[])
    assert not one(record({})).url_was_read
    move = one(record({}), downloads=[download])
    assert move.url_was_read
    assert move.missing == ["url"]


def test_limits_that_would_never_let_it_through_are_told_apart() -> None:
    none = one(record({}), terms=USUAL._replace(limits=(Limit("images", 0),), tier="free"))
    assert none.limited == "tier free does not have gpt-image-2"
    many = one(record({"n": 6}), terms=USUAL._replace(limits=(Limit("images", 5),)))
    assert many.limited == "6 images never pass tier 1's 5 a minute"
    assert not many.is_refused
    assert "1 would never pass the tier's limits" in sentence(
        Migration("gpt-image-2", TODAY, [many])
    )


def test_what_a_mask_is_may_not_be_known() -> None:
    upload = {"sha256": "0", "bytes": 9, "format": "PNG", "mode": "RGBA", "width": 9, "height": 9}
    fields = {"image": upload, "mask": upload | {"mode": "P"}}
    edit = {"path": "/v1/images/edits", "operation": "images.edit"}
    move = one(record(fields, **edit))
    assert ["clear colours" in text for text in move.unsure] == [False, True]
    assert one(record({"image": upload}, **edit)).unsure == move.unsure[:1]


def test_variations_are_nowhere_else() -> None:
    upload = {"sha256": "0", "bytes": 9, "format": "PNG", "mode": "RGB", "width": 9, "height": 9}
    vary = record({"image": upload}, path="/v1/images/variations", operation="images.vary")
    vary["fields"].pop("prompt")
    move = one(vary)
    assert [(f.status, f.about) for f in move.faults] == [(404, "images.vary")]
    assert move.mended is None


def test_a_line_of_a_batch_keeps_its_share() -> None:
    whole, half = one(record({})), one(record({}, batch="batch_1"))
    assert half.after == pytest.approx(whole.after / 2, abs=1e-6)


def test_what_is_there_already_and_what_is_elsewhere_is_counted() -> None:
    there = record({"model": "gpt-image-2"})
    unread = record({}, fields={"operation": "images.generate"}, filled=[], status=401)
    azure = record({}, path="/openai/deployments/art/images/generations")
    models = record({}, path="/v1/models", operation="models.list", fields={}, filled=[])
    found = migration(there, unread, azure, models)
    assert (len(found.moves), found.already, found.unjudged) == (0, 1, 2)
    assert sentence(found) == (
        "moving to gpt-image-2: no request to judge, and 1 request for it already"
    )


def test_equal_requests_are_one_group_and_the_sentence_sums_up() -> None:
    records = [record({"size": "256x256"}, id=f"req_{n}") for n in range(5)]
    records += [record({"size": "1024x1024", "user": str(n)}, id=f"req_a{n}") for n in range(2)]
    found = migration(*records)
    text = "\n".join(lines(found))
    assert sentence(found).startswith(
        "moving from dall-e-2 to gpt-image-2: 5 of 7 requests would be refused (size 256x256); "
        "2 would cost about $0.012 ("
    )
    assert "  5 requests, images.generate: req_0, req_1, req_2 and 2 more" in text
    assert "  2 requests, images.generate: req_a0, req_a1" in text


def test_what_a_program_sends_as_a_name_moves_no_cursor() -> None:
    found = migration(record({"model": "x\x1b[2J" + "y" * 99, "odd\nname": 1}))
    text = "\n".join(lines(found))
    assert "\x1b" not in text
    assert "moving from x\\x1b[2Jyyy" in text
    assert "…" in sentence(found)


def test_a_migration_is_the_same_after_json() -> None:
    found = migration(record({"size": "256x256"}), record({}))
    assert as_json(from_json(as_json(found))) == as_json(found)
    assert "2 of 4 requests" in sentence(joined([found, found]))


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0, "$0.00"), (1.234, "$1.23"), (0.19, "$0.19"), (0.0953, "$0.10"), (0.04, "$0.040")]
    + [(0.00691, "$0.0069"), (0.0001, "$0.000100")],
)
def test_amounts_are_told_as_people_read_them(usd: float, text: str) -> None:
    assert dollars(usd) == text


# -- which day, which model --------------------------------------------------------------------


def test_a_model_has_its_usual_day_unless_the_servers_has_it_too() -> None:
    assert judged_day("dall-e-2", today=TODAY) == load().day
    assert judged_day("gpt-image-2", today=TODAY) == TODAY
    assert judged_day("dall-e-3", today=TODAY, servers=date(2024, 1, 1)) == date(2024, 1, 1)
    assert judged_day("gpt-image-2", today=TODAY, servers=date(2024, 1, 1)) == TODAY


@pytest.mark.parametrize(
    ("model", "said", "why"),
    [
        ("gpt-imge-2", None, "did you mean gpt-image-2? On 2026-11-28 there are gpt-image-1-mini,"),
        ("gpt-image-1", None, "was shut down on 2026-10-23: name gpt-image-2.5-sunburst or"),
        ("gpt-image-2", date(2024, 1, 1), "came on 2026-04-21.*On 2024-01-01 there are dall-e-2,"),
    ],
)
def test_a_model_that_is_not_there_is_refused_with_those_that_are(
    model: str, said: date | None, why: str
) -> None:
    with pytest.raises(NoSuchModel, match=why.replace("?", r"\?")):
        judged_day(model, today=TODAY, said=said)


def test_the_nearest_day_has_the_model() -> None:
    for day in (date(2022, 11, 3), date(2025, 3, 31), TODAY, date(2027, 6, 1)):
        for model in ever_there():
            assert model in load(nearest_day(model, day)).models, (model, day)


# -- the facts ---------------------------------------------------------------------------------


def test_each_fix_can_be_written_and_has_a_source() -> None:
    for row in file("migration")["fix"]:
        for reason in (*row.get("reasons", ()), *filter(None, [row.get("reason")])):
            found = fix_for(reason, row.get("param", ""))
            assert found
            assert min(found.source, found.level)
            assert found.say.format(to="m", param="p", value="v", new="n")
