"""Ids as the API gives them to what is kept, the same ones for the same seed and order. Pure."""

from hashlib import shake_256

from mockserver.facts.platform import Ids


def object_id(ids: Ids, seed: str, sandbox: str, number: int) -> str:
    """The id of a sandbox's `number`-th object."""
    text = f"{seed}\0{sandbox}\0{ids.prefix}\0{number}".encode("utf-8", "surrogatepass")
    digest = shake_256(text).digest(ids.length)
    return ids.prefix + "".join([ids.alphabet[byte % len(ids.alphabet)] for byte in digest])
