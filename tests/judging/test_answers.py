"""What a verdict says of answers that were taken for pictures; and of those never waited for."""

from typing import Any

import pytest

from mockserver.core.judging.findings import Surroundings
from tests.judging.records import REQUESTS, SILENT, Told, asked, download, found, linked

SHOWN = Surroundings(passed=True, shows_errors=True)
REFUSED: Told = {"status": 400, "reason": "refused", "code": "moderation_blocked"}


def test_an_error_that_nobody_was_told_of_is_swallowed() -> None:
    finding = found(asked("r0", **REFUSED), around=SILENT)["error-swallowed"]
    assert finding.seen == "was answered 400 moderation_blocked, and nobody was told"
    assert finding.severity == "error"


def test_an_error_that_a_test_or_the_log_shows_is_not() -> None:
    assert not found(asked("r0", **REFUSED), around=SHOWN)


def test_a_journal_alone_does_not_know_who_was_told() -> None:
    assert not found(asked("r0", **REFUSED))


def test_a_test_that_failed_has_shown_it() -> None:
    around = Surroundings(passed=False, shows_errors=False)
    assert not found(asked("r0", **REFUSED), around=around)


def test_an_error_after_which_something_else_is_tried_is_not_swallowed() -> None:
    other = asked("r1", 1, fields={"prompt": "a kinder fox"})
    assert not found(asked("r0", **REFUSED), other, around=SILENT)


def test_a_page_of_html_with_status_200_is_an_error_that_raises_nothing() -> None:
    page = asked("r0", effects=["gateway.200"])
    assert "error-swallowed" in found(page, around=SILENT)


def test_a_download_that_was_refused_and_not_shown_is_swallowed() -> None:
    refused = download("d0", 1, status=404, reason="BlobNotFound")
    finding = found(linked("r0"), downloads=[refused], around=SILENT)["error-swallowed"]
    assert finding.requests == ("d0",)


def test_a_download_that_was_tried_again_is_not() -> None:
    refused = download("d0", 1, status=503, effects=["gateway.503"])
    assert not found(linked("r0"), downloads=[refused, download("d1", 2)], around=SILENT)


def test_what_a_test_did_not_wait_for_is_not_swallowed() -> None:
    assert not found(asked("r0", 0, 499, ended="released", effects=["delay"]), around=SILENT)


def test_a_test_that_asks_by_itself_has_the_answer_in_its_hand() -> None:
    own = SILENT._replace(sites={"r0": "test_a.py:9"}, chains={"r0": "test_a.py:9"})
    assert not found(asked("r0", effects=["gateway.200"]), around=own)
    program = own._replace(chains={"r0": "api.py:3 test_a.py:9"})
    assert "error-swallowed" in found(asked("r0", effects=["gateway.200"]), around=program)


# -- pictures ------------------------------------------------------------------------------------


def test_a_broken_picture_that_nobody_minds_was_trusted() -> None:
    broken = asked("r0", effects=["picture.truncated"])
    finding = found(broken, around=SILENT)["broken-picture-trusted"]
    assert finding.seen == "took 1 answer whose picture was truncated, and nobody noticed"


def test_a_picture_of_a_wrong_size_is_other_than_asked() -> None:
    wrong = asked("r0", effects=["picture.wrong_size"])
    assert found(wrong, around=SILENT)["broken-picture-trusted"].seen.startswith(
        "took 1 answer whose picture was of a wrong size"
    )


@pytest.mark.parametrize("around", [SHOWN, Surroundings()])
def test_a_broken_picture_that_was_noticed_was_not(around: Surroundings) -> None:
    assert not found(asked("r0", effects=["picture.truncated"]), around=around)


def test_a_broken_picture_that_is_asked_for_again_was_not() -> None:
    broken = asked("r0", effects=["picture.truncated"])
    assert not found(broken, asked("r1", 1), around=SILENT)


def test_a_large_picture_is_not_broken() -> None:
    assert not found(asked("r0", effects=["picture.large"]), around=SILENT)


def test_a_broken_picture_that_nobody_downloaded_was_not_trusted() -> None:
    broken = linked("r0", effects=["picture.truncated"])
    assert "broken-picture-trusted" not in found(broken, around=SILENT)
    got = found(broken, downloads=[download("d0", 1)], around=SILENT)
    assert "broken-picture-trusted" in got


def test_an_empty_download_that_nobody_minds_was_saved() -> None:
    finding = found(linked("r0"), downloads=[download("d0", 1, length=0)], around=SILENT)
    assert finding["empty-file-saved"].seen == "took 1 empty download for a picture"


def test_an_empty_download_that_was_tried_again_was_not() -> None:
    downloads = [download("d0", 1, length=0), download("d1", 2)]
    assert not found(linked("r0"), downloads=downloads, around=SILENT)


def test_the_head_of_a_download_is_empty_by_nature() -> None:
    downloads = [download("d0", 1), download("d1", 2, method="HEAD", length=0)]
    assert not found(linked("r0"), downloads=downloads, around=SILENT)


def test_an_empty_download_that_was_shown_was_not_saved() -> None:
    assert not found(linked("r0"), downloads=[download("d0", 1, length=0)], around=SHOWN)


# -- streams -------------------------------------------------------------------------------------


def _stream(sent: str, *effects: str) -> Told:
    fields = {"stream": True, "partial_images": 1}
    return asked("r0", fields=fields, trace=[f"stream: {sent}"], effects=[*effects])


@pytest.mark.parametrize(
    ("sent", "how"),
    [
        ("partial 0", "ended after partial 0, not completed"),
        ("partial 0; the line breaks", "ended after partial 0, not completed"),
        ("partial 0, completed; the last is cut", "broke off in the last event"),
        ("no event", "had no event"),
    ],
)
def test_a_stream_that_ended_early_and_was_taken_as_done_is_found(sent: str, how: str) -> None:
    finding = found(_stream(sent, "stream.events"), around=SILENT)["stream-not-completed"]
    assert finding.seen == f"took 1 stream as done that {how}"


def test_a_stream_that_was_completed_is_done() -> None:
    assert not found(_stream("partial 0, completed", "stream.pause"), around=SILENT)


def test_a_stream_that_ended_early_and_was_shown_is_not_found() -> None:
    assert not found(_stream("partial 0", "stream.events"), around=SHOWN)


def test_a_stream_that_the_client_left_was_as_long_as_it_wanted() -> None:
    assert not found(_stream("partial 0; the client left", "stream.pause"), around=SILENT)


def test_an_event_of_another_type_that_was_taken_for_the_picture_is_found() -> None:
    sent = _stream("partial 0, image_generation.progress", "stream.events", "stream.own")
    finding = found(sent, around=SILENT)["event-trusted-without-type"]
    assert finding.seen == "took an event of type 'image_generation.progress' for the picture"


def test_an_event_of_another_type_before_the_picture_is_passed_over() -> None:
    sent = _stream("image_generation.progress, completed", "stream.events", "stream.own")
    assert not found(sent, around=SILENT)


def test_an_event_of_another_type_that_was_shown_is_not_trusted() -> None:
    sent = _stream("image_generation.progress", "stream.events", "stream.own")
    assert not found(sent, around=SHOWN)


# -- no answer -----------------------------------------------------------------------------------


def _stalled(seconds: float, **told: Any) -> Told:
    told = {"ended": "released", "effects": ["stall"], **told}
    return asked("r0", 0, 499, milliseconds=round(seconds * 1000), **told)


def test_a_client_that_waits_until_its_test_ends_has_no_timeout() -> None:
    finding = found(_stalled(90))["no-timeout"]
    assert finding.seen == "waited 90 s for an answer that never came, until the end"
    assert finding.severity == "warning"


def test_one_that_waits_for_ever_by_default_is_noted_sooner() -> None:
    assert found(_stalled(6, client=REQUESTS))["no-timeout"].severity == "note"


def test_a_client_that_gives_up_has_a_timeout() -> None:
    assert not found(_stalled(90, ended="left"))


def test_a_test_that_ends_soon_says_nothing_of_timeouts() -> None:
    assert not found(_stalled(3, client=REQUESTS))


def test_an_answer_that_is_only_late_says_nothing_of_timeouts() -> None:
    assert not found(_stalled(90, effects=["delay"]))


def test_what_is_held_back_still_has_waited_since_it_came() -> None:
    held = _stalled(0, ended="")
    finding = found(asked("r1", 100, fields={"prompt": "b"}), open_=[held])["no-timeout"]
    assert finding.seen.startswith("waited 100 s")
