"""What a request costs under a server's settings: which buckets it has to pass, and its price."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mockserver.core.keys import Caller
from mockserver.core.sandbox import MICRO, Options
from mockserver.facts.costs import IMAGES, Limit, Price, Prices, Tiers

NO_TOKENS: Mapping[str, int] = {}
NO_FAMILIES: Mapping[str, str] = {}


class Costs(NamedTuple):
    """The facts, and which of them a server takes where a sandbox names no others."""

    limits: Mapping[str, Tiers]  # by model, of the server's table
    prices: Prices
    tier: str  # one that is in no table has no limits
    price_list: str
    per_minute: int | None = None  # images, in place of the table's
    families: Mapping[str, str] = NO_FAMILIES  # by model: those that share their buckets

    def limits_of(self, caller: Caller, options: Options, model: str) -> tuple[Limit, ...]:
        """The buckets that a caller's requests for a model have to pass; none is no limit.

        A key with a tier of its own has that tier's, whatever its sandbox is set to.
        """
        limits = self.limits[model].get(caller.tier or options.tier or self.tier, ())
        if options.per_minute is not None and not caller.tier:
            others = (limit for limit in limits if limit.unit != IMAGES)
            return (Limit(IMAGES, options.per_minute), *others)
        if self.per_minute is None:
            return limits
        # A tier that does not have the model does not get it by another number.
        other = Limit(IMAGES, self.per_minute)
        return tuple([other if x.unit == IMAGES and x.per_minute else x for x in limits])

    def bucket_of(self, model: str) -> str:
        """Whose buckets a model's requests take from: those of its family, or its own."""
        return self.families.get(model) or model

    def price(self, options: Options, model: str) -> Price:
        """What a model costs by the sandbox's list, or the server's."""
        return self.prices[options.prices or self.price_list][model]


def charge(n: int, usage: Mapping[str, int] = NO_TOKENS) -> dict[str, int]:
    """What a request for `n` pictures takes out of the buckets; `usage` is tokens by kind."""
    return {IMAGES: n, "tokens": sum(usage.values())} if usage else {IMAGES: n}


def amount(
    price: Price, options: Mapping[str, Any], n: int, usage: Mapping[str, int] = NO_TOKENS
) -> int:
    """The price of a request in micro-dollars, from its options, pictures, and tokens by kind."""
    usd = 0.0
    if price.picture:
        size = options.get("size", "")
        by_quality = (options.get("quality") or "", size)
        usd = price.picture[by_quality if by_quality in price.picture else ("", size)]
    by_token = price.million.items() if usage else ()
    return round(n * usd * MICRO + sum([usage.get(kind, 0) * micro for kind, micro in by_token]))
