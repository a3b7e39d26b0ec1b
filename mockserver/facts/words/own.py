"""What this mock says of its own bounds, in the form of the API's errors."""

from collections.abc import Mapping

from mockserver.facts.words.wording import PLATFORM, Reason, Wording

OWN: Mapping[Reason, Wording] = {
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
