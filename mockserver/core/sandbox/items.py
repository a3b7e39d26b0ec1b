"""What a sandbox keeps under ids that the API gave: files, batches, responses. Stores nothing."""

from typing import Any, Literal, NamedTuple, get_args

Kind = Literal["files", "batches", "responses", "operations"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STORED: tuple[Kind, ...] = ("files", "responses")  # whose contents take the room for files
STORED_FOR_LATER: tuple[Kind, ...] = ("files", "batches")  # who saves one counts on it afterwards
ITEMS = 10_000  # of one kind; of more the oldest go
ITEM_BYTES = 16 * 1024 * 1024  # of one kind, but for the contents of files
CONTENT_BYTES = 16 * 1024 * 1024  # of contents that are kept in memory; others are on disk


class Item(NamedTuple):
    """One of them."""

    id: str
    at: int  # nanoseconds since the epoch, by the sandbox's clock
    value: Any  # immutable; what it is, the module of its service says
    size: int  # bytes that it takes in memory, but for its content
    content: Any = None  # a file's bytes, as the store keeps them
