"""What no case asks for, and why: refusals that no request alone can provoke."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from mockserver.facts.words.wording import Reason


class Unasked(NamedTuple):
    """A reason to refuse, and why no request meets it; on some services or days alone."""

    reason: Reason
    why: str
    services: tuple[str, ...] = ()  # all unless named
    since: date = date.min
    until: date = date.max

    def covers(self, reason: Reason, service: str, day: date) -> bool:
        """Whether it says so of a service on a day."""
        is_there = not self.services or service in self.services
        return reason == self.reason and is_there and self.since <= day < self.until


_ACCOUNT = "it is of an account, which no request can change"
_SHOWN = "what the safety system refuses is not sent, and no word for it is certain"
_LIMIT = "it takes more requests than one: see behaviour.py"
_OURS = "it is this mock's own"
_FAULT = "it is a fault of the server's own"
_NO_JSON = "edits took no JSON yet"
_NO_DALL_E = "only DALL·E met it, which had ended"
_IN_BATCH = "it stands in a batch, of which it is told why it failed"
_REFUSING = (Reason.BATCH_FILE_PURPOSE,)
_JSON, _END = date(2026, 2, 9), date(2026, 5, 12)

UNASKED: tuple[Unasked, ...] = (
    *(
        Unasked(reason, why)
        for why, reasons in (
            (_ACCOUNT, (Reason.UNVERIFIED, Reason.NO_CREDIT, Reason.HARD_LIMIT)),
            (_ACCOUNT, (Reason.NOT_OF_TIER, Reason.USAGE_LIMIT)),
            (_ACCOUNT, (Reason.ORGANIZATION_SPEND_LIMIT, Reason.PROJECT_SPEND_LIMIT)),
            (_LIMIT, (Reason.RATE_LIMITED, Reason.OVER_LIMIT)),
            (_SHOWN, (Reason.REFUSED, Reason.DESCRIPTION_REFUSED, Reason.PICTURE_REFUSED)),
            (_FAULT, (Reason.INTERNAL, Reason.OVERLOADED, Reason.GENERATION_FAILED)),
            (_OURS, (Reason.WRONG_HOST, Reason.SANDBOXES_FULL, Reason.CONTROL_REFUSED)),
            (_OURS, (Reason.OUTSIDE_API, Reason.CONNECTIONS_FULL, Reason.NO_ROOM_FOR_BODY)),
            (_OURS, (Reason.STATE_AWAY,)),
            ("how long a request may take to come is not known, and nobody shall wait for it",
             (Reason.REQUEST_TIMEOUT,)),
            ("how much a body may be is not known, and it takes many megabytes",
             (Reason.BODY_TOO_LARGE,)),
        )
        for reason in reasons
    ),
    *(
        Unasked(reason, _IN_BATCH)
        for reason in Reason
        if reason.startswith("batch_") and reason not in (*_REFUSING, Reason.BATCH_ENDED)
    ),
    Unasked(Reason.BATCH_ENDED, "a batch must be done first: see lives.py"),
    Unasked(Reason.NOT_CANCELLED, "a response must be made first: see lives.py"),
    Unasked(Reason.FILE_TOO_LARGE, "it takes half a gigabyte"),
    Unasked(Reason.NO_ROOM_FOR_FILE, _OURS),
    Unasked(Reason.WRONG_METHOD, "a path that there is not has no methods", ("other",)),
    *(
        Unasked(reason, _NO_JSON, ("images.edit",), until=_JSON)
        for reason in (
            *(Reason.EMPTY_LIST, Reason.LIST_TOO_LONG, Reason.FOR_JSON, Reason.FOR_FORMS),
            *(Reason.IMAGE_DATA, Reason.NOT_DOWNLOADED, Reason.NO_SUCH_FILE),
        )
    ),
    *(
        Unasked(reason, _NO_DALL_E, ("images.edit", "images.generate"), since=_END)
        for reason in (
            *(Reason.IMAGE_MODE, Reason.NOT_A_PNG, Reason.NOT_SQUARE, Reason.SIZE_NOT_OF_MODEL),
        )
    ),
)  # fmt: skip
