"""Lists that come in pages, as the vendor's API has them. Keeps nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mockserver.core.errors import ApiError, Reason
from mockserver.core.sandbox.items import Item

#: The keys of a list, in the order of most services.
KEYS = ("object", "data", "first_id", "last_id", "has_more")


class Page(NamedTuple):
    """So many items of a list as were asked for."""

    items: Sequence[Item]
    has_more: bool  # behind the last of them, or where they are read backwards before the first

    def told(self, described: Callable[[Item], Any], keys: Sequence[str] = KEYS) -> dict[str, Any]:
        """The page as the API tells it, with these keys."""
        ids = [item.id for item in self.items]
        found = {
            "object": "list",
            "data": [described(item) for item in self.items],
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            "has_more": self.has_more,
        }
        return {key: found[key] for key in keys}


def page_of(
    items: Sequence[Item],
    limit: int,
    *,
    order: str = "desc",
    after: str | None = None,
    before: str | None = None,
) -> Page:
    """One page of items.

    Args:
        items: the oldest first.
        limit: how many at most.
        order: "desc" is the newest first, "asc" the oldest.
        after: an item's id; the page begins behind it.
        before: an item's id; the page ends before it.

    Raises:
        ApiError: `after` or `before` is the id of none of them.
    """
    found = items if order == "asc" else items[::-1]
    if after is not None:
        found = found[_place(found, "after", after) + 1 :]
    if before is not None:
        found = found[: _place(found, "before", before)]
    is_backwards = before is not None and after is None
    taken = found[max(0, len(found) - limit) :] if is_backwards else found[:limit]
    return Page(taken, len(taken) < len(found))


def _place(items: Sequence[Item], param: str, item_id: str) -> int:
    place = next((place for place, item in enumerate(items) if item.id == item_id), None)
    if place is None:
        raise ApiError(Reason.NO_SUCH_CURSOR, param=param, id=item_id, hint=_HINT % param)
    return place


_HINT = "%s is the id of nothing in this list: it may have been deleted since"
