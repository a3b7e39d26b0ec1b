"""Which rules a sandbox has, what they weigh, and how often each was met and fired."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.rules.effects import PLAIN, Effect, changed
from mockserver.core.rules.parser import RuleError
from mockserver.core.rules.precedence import Fired, added, in_order, joined, with_rule
from mockserver.core.rules.rule import Rule, Text
from mockserver.core.sandbox import MIB
from mockserver.core.weight import weight

RULE_BYTES = 32 * MIB  # of one sandbox: six pictures as large as the API takes them, in base64
WORDS = 1_000  # prompts with a magic word that are counted; of more the longest unasked goes
COUNT_BYTES = 280  # of one such count; those of other rules weigh with their rules
_RULE = 600  # bytes of one, beside what is in it


class RuleBook(NamedTuple):
    """A sandbox's own rules."""

    rules: tuple[Rule, ...] = ()  # in the order in which they are tried
    weights: Mapping[str, int] = {}  # bytes by id; those of the file are all sandboxes' and are not
    ids: int = 0  # that were given

    @property
    def size(self) -> int:
        """Bytes of all rules."""
        return sum(self.weights.values())


def begun(rules: Sequence[Rule]) -> RuleBook:
    """The book of a sandbox that begins with these rules, which are all sandboxes'."""
    tried: list[Rule] = []
    for rule in rules:
        tried = with_rule(tried, rule)
    return RuleBook(tuple(tried))


def numbered(rules: Sequence[Rule]) -> list[Rule]:
    """The rules of the configuration file with their ids; all sandboxes share them."""
    return [r if r.id else r._replace(id=f"f{i}") for i, r in enumerate(rules, 1)]


def write(book: RuleBook, rule: Rule, letter: str) -> tuple[RuleBook, Rule]:
    """Add a rule, before those that are here or to the queue of `next` ones; it gets its id."""
    rule = rule._replace(id=f"{letter}{book.ids + 1}")
    weights = {**book.weights, rule.id: weight_of(rule)}
    return RuleBook(tuple(with_rule(book.rules, rule)), weights, book.ids + 1), rule


def rewrite(book: RuleBook, rule: Rule) -> RuleBook:
    """Put a rule in the place of the one with its id, if there is one."""
    if all(r.id != rule.id for r in book.rules):
        return book
    rules = in_order(rule if r.id == rule.id else r for r in book.rules)
    return RuleBook(tuple(rules), {**book.weights, rule.id: weight_of(rule)}, book.ids)


def erase(book: RuleBook, rule_id: str) -> RuleBook:
    """Take a rule away."""
    weights = {k: v for k, v in book.weights.items() if k != rule_id}
    return RuleBook(tuple(r for r in book.rules if r.id != rule_id), weights, book.ids)


def check_room(size: int, more: int, of_all: int, most: int | None) -> None:
    """Refuse rules that take too much room.

    Args:
        size: bytes of the sandbox's rules, with those that are new.
        more: bytes of those that are new.
        of_all: bytes of the rules of all sandboxes, without those.
        most: bytes that all sandboxes may take, half of them for rules; None is no bound.

    Raises:
        RuleError: there is no room for them in this sandbox, or in all.
    """
    if more > 0 and size > RULE_BYTES:
        raise RuleError(
            f"the rules of a sandbox may take {RULE_BYTES // MIB} MiB; remove some first"
        )
    if more > 0 and most is not None and of_all + more > most // 2:
        raise RuleError(
            f"the rules of all sandboxes may take {most // 2 // MIB} MiB; remove some first, "
            "or begin sandboxes anew that are no longer needed"
        )


def weight_of(rule: Rule) -> int:
    """Roughly the bytes of a rule, its picture and its counts."""
    wanted = (w.what if isinstance(w, Text) else w for _, w in rule.when.wanted)
    return _RULE + sum(map(weight, (*wanted, *_values(rule.then), rule.name)))


def _values(effect: Effect) -> Iterator[Any]:
    """The values of an effect, and of what is in it."""
    yield from changed(effect).values()
    if effect.download:
        yield from _values(effect.download.effect)


class Count(NamedTuple):
    """How many requests a rule has met, and how often it has fired."""

    seen: int = 0
    fired: int = 0


NEVER = Count()


def claim(rules: Sequence[Rule], counts: Sequence[Count]) -> tuple[list[Count], list[Fired]]:
    """Count a request that these rules match, and tell which fire.

    It is counted for every rule, lest its k-th call depend on others. One fires that is not used
    up, whose `call` it is, and which adds something; of those that wait in a queue only the first.

    Args:
        rules: in the order in which they are tried.
        counts: of each, without this request.

    Returns:
        The counts with this request, and the rules that fired.
    """
    counted, fired = list[Count](), list[Fired]()
    effect = PLAIN
    for rule, (seen, times) in zip(rules, counts, strict=True):
        part = PLAIN
        if _is_due(rule, seen + 1, times) and not (rule.next and fired):
            part = added(effect, rule.then)
        if part != PLAIN:
            times += 1
            fired.append(Fired(rule, times, part))
            effect = joined(effect, part)
        counted.append(Count(seen + 1, times))
    return counted, fired


def _is_due(rule: Rule, call: int, fired: int) -> bool:
    """Whether a rule's `call` is this one, and it is not used up."""
    return rule.when.call in (None, call) and (rule.times is None or fired < rule.times)
