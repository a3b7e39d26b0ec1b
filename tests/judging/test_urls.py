"""What a verdict says of picture URLs: kept, altered, never used, asked for in vain."""

from typing import Any

from mockserver.core.judging.findings import Surroundings
from tests.judging.records import BROWSER, Told, asked, download, found, linked

EXPIRED: Told = {"status": 403, "reason": "AuthenticationFailed(expired)"}
FAILED, SHOWN = Surroundings(passed=False), Surroundings(passed=True)


def test_a_url_that_is_used_after_its_end_was_kept_too_long() -> None:
    late = download("d0", 3660, **EXPIRED)
    finding = found(linked("r0"), downloads=[late])["url-kept-too-long"]
    assert finding.seen == "kept a picture's URL for 61 minutes; it ends after 60 minutes"
    assert (finding.severity, finding.requests) == ("error", ("d0",))


def test_a_url_that_is_used_at_once_was_not() -> None:
    assert not found(linked("r0"), downloads=[download("d0", 1)])


def test_a_url_that_is_used_near_its_end_is_a_warning() -> None:
    finding = found(linked("r0"), downloads=[download("d0", 3400)])["url-kept-too-long"]
    assert finding.seen == "kept a picture's URL for 56.7 minutes; it ends after 60 minutes"
    assert finding.severity == "warning"
    assert not found(linked("r0"), downloads=[download("d0", 1, moved=3400.0)])  # by a test


def test_a_clock_that_a_test_moved_on_counts() -> None:
    late = download("d0", 1, moved=7200.0, standing=True, **EXPIRED)
    finding = found(linked("r0", standing=True), downloads=[late])["url-kept-too-long"]
    assert finding.seen.startswith("kept a picture's URL for 2 hours")


def test_a_test_that_looks_at_the_end_of_a_url_has_wanted_it() -> None:
    late = download("d0", 1, moved=7200.0, standing=True, **EXPIRED)
    assert not found(linked("r0", standing=True), downloads=[late], around=SHOWN)
    around = Surroundings(passed=True, shows_errors=False)
    silent = found(linked("r0", standing=True), downloads=[late], around=around)
    assert "url-kept-too-long" in silent


def test_a_url_that_a_rule_ended_early_was_not_kept() -> None:
    late = download("d0", 1, **EXPIRED)
    assert not found(linked("r0", effects=["expired_url"]), downloads=[late])


def test_a_program_that_asks_for_the_picture_anew_copes_with_the_end_of_a_url() -> None:
    late = download("d0", 3660, **EXPIRED)
    again = linked("r1", 3661, ["img-2.png"])
    assert not found(linked("r0"), again, downloads=[late, download("d1", 3662, "img-2.png")])


def test_a_browser_that_reloads_an_old_page_is_no_program() -> None:
    late = download("d0", 3660, client=BROWSER, **EXPIRED)
    assert not found(linked("r0"), downloads=[late])


# -- altered -------------------------------------------------------------------------------------


def test_a_url_without_its_query_was_altered() -> None:
    cut = download("d0", 1, status=403, reason="AuthenticationFailed(malformed)")
    finding = found(linked("r0"), downloads=[cut])["url-altered"]
    assert finding.seen == "used a picture's URL without all of its signed query"


def test_a_url_that_is_encoded_twice_was_altered() -> None:
    other = download("d0", 1, status=403, reason="AuthenticationFailed(altered)")
    finding = found(linked("r0"), downloads=[other])["url-altered"]
    assert finding.seen == "used a picture's URL with its signed query changed"


def test_a_url_as_it_was_told_was_not_altered() -> None:
    head = download("d0", 1, method="HEAD", length=0)
    part = download("d1", 2, status=206, length=100)
    assert not found(linked("r0"), downloads=[head, part])


def test_a_url_that_this_journal_has_never_told_is_nobodys() -> None:
    other = download("d0", 1, "img-9.png", status=403, reason="AuthenticationFailed(altered)")
    assert not found(linked("r0"), downloads=[other, download("d1", 2)])


def test_a_url_that_was_pasted_into_a_shell_is_no_programs() -> None:
    cut = download("d0", 1, client="curl/8.5.0", status=403, reason="AuthenticationFailed(altered)")
    assert not found(linked("r0"), downloads=[cut, download("d1", 2)])


# -- never used ----------------------------------------------------------------------------------


def _four(id_: str = "r0", **told: Any) -> Told:
    return linked(id_, 0, [f"img-{i}.png" for i in range(4)], fields={"n": 4}, **told)


def test_pictures_that_nobody_gets_are_noted() -> None:
    finding = found(_four())["url-never-downloaded"]
    assert finding.seen == "got 4 pictures by URL ($0.04) and downloaded none"
    assert finding.severity == "note"


def test_a_test_that_gets_no_picture_at_all_is_about_something_else() -> None:
    assert not found(_four(), around=SHOWN)
    other = linked("r1", 1, ["img-9.png"], fields={"prompt": "a cat"})
    some = found(_four(), other, downloads=[download("d0", 2, "img-9.png")], around=SHOWN)
    assert [*some] == ["url-never-downloaded"]


def test_more_pictures_than_are_used_are_found() -> None:
    finding = found(_four(), downloads=[download("d0", 1)])["more-than-downloaded"]
    assert finding.seen == "asked for 4 pictures and downloaded 1"


def test_pictures_that_are_all_used_are_not() -> None:
    downloads = [download(f"d{i}", 1, f"img-{i}.png") for i in range(4)]
    assert not found(_four(), downloads=downloads)


def test_to_look_at_the_head_of_a_picture_is_not_to_use_it() -> None:
    head = download("d0", 1, method="HEAD", length=0)
    assert "url-never-downloaded" in found(_four(), downloads=[head])


def test_pictures_that_a_browser_gets_are_used() -> None:
    downloads = [download(f"d{i}", 1, f"img-{i}.png", client=BROWSER) for i in range(4)]
    assert not found(_four(), downloads=downloads)


def test_a_test_that_failed_may_have_been_about_to_use_them() -> None:
    assert not found(_four(), around=FAILED)
    assert not found(_four(), downloads=[download("d0", 1)], around=FAILED)


def test_an_answer_that_got_lost_has_no_urls_that_could_be_used() -> None:
    assert not found(_four(paid="lost", ended="cut"))


def test_equal_requests_that_share_their_urls_share_their_downloads() -> None:
    assert not found(linked("r0"), linked("r1", 0.1), downloads=[download("d0", 1)])


def test_base64_needs_no_download() -> None:
    assert not found(asked("r0"))
