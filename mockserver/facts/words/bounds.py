"""What the bounds of this server say: too long, too many. The same words in all dialects."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.facts.words.wording import PLATFORM, Reason, Wording

BOUNDS: Mapping[Reason, Wording] = {
    Reason.REQUEST_TIMEOUT: Wording(
        408,
        "Timed out while the request was read.",
        form=PLATFORM,
        level="assumed",
        source="no text was found; the status is that of RFC 9110, which SDKs try again",
    ),
    Reason.CONNECTIONS_FULL: Wording(
        503,
        "This mock has {most} connections open, none of which is idle, and serves no more. Close "
        "some; or start it with a larger --max-connections (or IMAGES_MOCK_MAX_CONNECTIONS), as "
        "far as `ulimit -n` goes.",
        type="server_error",
        code="connections_full",
        headers=(("retry-after", "1"),),
        form=PLATFORM,
        level="own",
        source="the bounds of this server",
    ),
    Reason.NO_ROOM_FOR_BODY: Wording(
        503,
        "This mock works on large bodies of {most} bytes at a time, and others were ahead for too "
        "long. Send fewer of them at once.",
        type="server_error",
        code="no_room_for_body",
        form=PLATFORM,
        level="own",
        source="the bounds of this server",
    ),
    Reason.STATE_AWAY: Wording(
        503,
        "The state that this mock shares with others is away, and has what this request needs, or "
        "--on-state-outage (or IMAGES_MOCK_ON_STATE_OUTAGE) is refuse. It looks for it twice a "
        "second: see /_mock/ready.",
        type="server_error",
        code="state_away",
        headers=(("retry-after", "1"),),
        form=PLATFORM,
        level="own",
        source="the outages of what this server keeps its state in",
    ),
    Reason.SANDBOXES_FULL: Wording(
        503,
        "This mock has no room for the sandbox of a new API key: all {most} are set up or scripted "
        "and were used within the last hour. Take a key again that was used before; or begin the "
        "sandbox of one that is done with anew: POST /_mock/sandbox with {{}} and its key as "
        "Mock-Sandbox-Key.",
        type="server_error",
        code="sandboxes_full",
        headers=(("x-should-retry", "false"),),
        form=PLATFORM,
        level="own",
        source="the bounds of this server",
    ),
}
