"""The facts as values: operations, parameters, models and what they offer. Reads no file."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from mockserver.facts.costs import BillingFacts, Limits, Prices
from mockserver.facts.files import FactsError
from mockserver.facts.tokens import (
    TOKENS,
    AreaTokens,
    PartialTokens,
    PatchTokens,
    PromptTokens,
    Sides,
    TileTokens,
)

OTHER = "other"  # the service of every path that is no other's
SIDE_LEAST, AREA_MOST = 64, 1 << 26  # pixels of what can be drawn; less has no room for text
#: `files` is one file or a list of them, as forms have it.
TYPES = ("string", "integer", "number", "boolean", "list", "object", "file", "files", "any")


class FreeSizes(NamedTuple):
    """Which sizes are taken beside those that are named: WIDTHxHEIGHT within these bounds."""

    multiple: int  # of which both sides are one
    ratio_max: int  # of the longer side to the shorter
    side_max: int  # pixels
    pixels_min: int
    pixels_max: int


class Parameter(NamedTuple):
    """One parameter of an operation, as one model takes it, or as all do."""

    name: str
    type: str  # one of TYPES
    source: str
    level: str
    required: bool = False
    nullable: bool = False
    default: Any = None  # what is filled in; None is nothing
    minimum: float | None = None
    maximum: float | None = None
    length_max: int | None = None  # characters
    values: tuple[str, ...] | None = None  # in the order in which the API's error lists them
    page_values: tuple[str, ...] = ()  # more of them, by the model page
    pattern: str | None = None  # a regular expression that all of a string matches
    items: str | None = None  # the type of a list's items
    items_max: int | None = None  # of a list, or of files; the fewest are one
    free: FreeSizes | None = None
    resolves: tuple[tuple[str, str], ...] = ()  # values that leave it to the model, its choice
    follows: bool = False  # what it leaves to the model goes by the first picture's proportions
    behind: bool = False  # its values are held by the service behind the gateway, after all else
    ignored: bool = False  # accepted, and changes nothing
    only_with: Mapping[str, Any] | None = None  # options that it belongs to; else taken unread
    of_model: bool = False  # its values are the model's own, among those of the operation
    assumed: tuple[str, ...] = ()

    def taken(self, *, page: bool) -> frozenset[str]:
        """The values that are accepted, those of the model page too or not; none is any."""
        return frozenset((self.values or ()) + (self.page_values if page else ()))

    @property
    def leaves(self) -> frozenset[str]:
        """The values that leave the choice to the model."""
        return frozenset(value for value, _ in self.resolves)

    def chosen(self, value: Any) -> Any:
        """What a value means: where it leaves the choice to the model, what that chooses."""
        return dict(self.resolves).get(value, value)


class Operation(NamedTuple):
    """One endpoint and its parameters, in the order in which they are checked."""

    id: str
    method: str
    path: str
    default_model: str  # "" where a model must be named
    dialect: str  # "A" or "B": whose words, order of checks and layout its answers have
    parameters: tuple[Parameter, ...]
    form: bool = False  # the body is multipart, else JSON
    json_too: bool = False  # a form's operation takes JSON as well
    first: tuple[str, ...] = ()  # parameters that are checked before the others
    other_default: str = ""  # meant by a parameter of its own, where the default has none such


class UploadRules(NamedTuple):
    """What uploads one model takes in one operation. Modes are named as Pillow names them."""

    bytes_max: int
    side_max: int  # pixels
    image_modes: tuple[str, ...]
    source: str
    level: str
    formats: tuple[str, ...] = ()  # of pictures of any mode and shape, the mask a PNG; () is DALL·E
    mask_bytes_max: int = 0  # where the mask's differ
    image_modes_with_mask: tuple[str, ...] = ()
    mask_modes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # content types that a part may name; () is any, and a look at it
    types_unlisted: tuple[str, ...] = ()  # more of them, which no message lists
    mask_types_unlisted: tuple[str, ...] = ()  # still more, for a mask
    grey_16: str = "I;16"  # what a refusal calls the mode of 16-bit grey
    assumed: tuple[str, ...] = ()


class Refused(NamedTuple):
    """Options that a model does not take together, and why, as a `Reason` is called."""

    reason: str
    when: Mapping[str, Any]  # option → its value, or a bound: {"above": …} or {"below": …}


class Told(NamedTuple):
    """What an answer tells, in its order."""

    fields: tuple[str, ...]
    usage: tuple[str, ...]  # the fields of its usage; none is no usage
    source: str
    level: str
    assumed: tuple[str, ...] = ()


NOTHING_FURTHER = Told(("created", "data"), (), "", "")


class Streamed(NamedTuple):
    """The events of a stream: what they are called, and their fields in order."""

    content_type: str
    partial: str  # the type of a partial picture's event
    partial_fields: tuple[str, ...]
    completed: str  # that of the whole picture's
    completed_fields: tuple[str, ...]
    usage: tuple[str, ...]  # the fields of the latter's usage
    input_details: tuple[str, ...]  # those of its `input_tokens_details`
    error_fields: tuple[str, ...]  # of the error in an error event
    source: str
    level: str
    assumed: tuple[str, ...] = ()


class Offer(NamedTuple):
    """What one model takes in one operation."""

    milliseconds: tuple[int, int]  # shortest and longest processing time recorded
    source: str
    level: str
    parameter: Mapping[str, Parameter]  # by name: those of the operation first, in their order
    json: Mapping[str, Parameter] = {}  # of a JSON body, where a form's operation takes one
    upload: UploadRules | None = None
    revises_prompt: bool = False
    milliseconds_when: tuple[Mapping[str, Any], ...] = ()  # other times, with certain options
    refused: tuple[Refused, ...] = ()  # what does not go together, in the order of the checks
    told: Told = NOTHING_FURTHER
    streamed: Streamed | None = None  # None: it takes no `stream`
    tokens: tuple[Mapping[str, Any], ...] = ()  # of each picture by kind, with certain options
    tokens_by_area: AreaTokens | None = None  # of each picture, where they follow from its size
    prompt_tokens: PromptTokens | None = None
    image_patches: PatchTokens | None = None  # of each picture that is sent
    image_tiles: TileTokens | None = None  # the same, where it has no patches
    partial: PartialTokens | None = None
    assumed: tuple[str, ...] = ()

    @property
    def prompt_max(self) -> int:
        """The most characters of a prompt; 0 where there is none."""
        prompt = self.parameter.get("prompt")
        return (prompt.length_max or 0) if prompt else 0

    def usage(
        self, options: Mapping[str, Any], n: int, prompt: str = "", images: Iterable[Sides] = ()
    ) -> dict[str, int]:
        """Tokens of `n` pictures with these options, by kind; none where they are not counted.

        `images` are the sides of each picture that is sent.
        """
        found = self._of_one(options)
        if found and (counted := self.image_patches or self.image_tiles):
            found["image_input"] = sum(counted.of(sides, options) for sides in images)
        if found and self.prompt_tokens:
            found["text_input"] = found.get("text_input", 0) + self.prompt_tokens.of(prompt)
        if found and self.partial and options.get("stream"):
            found["image_output"] += self.partial.tokens * options.get("partial_images", 0)
        return {kind: n * number for kind, number in found.items()}

    def _of_one(self, options: Mapping[str, Any]) -> dict[str, int]:
        for row in self.tokens:
            if row["options"].items() <= options.items():
                return {kind: row[kind] for kind in TOKENS if kind in row}
        return {"image_output": self.tokens_by_area.of(options)} if self.tokens_by_area else {}

    def processing(self, options: Mapping[str, Any]) -> tuple[int, int]:
        """Shortest and longest processing time recorded with these options, in milliseconds."""
        for row in self.milliseconds_when:
            if row["options"].items() <= options.items():
                shortest, longest = row["milliseconds"]
                return shortest, longest
        return self.milliseconds


class Model(NamedTuple):
    """One model and the operations that it serves."""

    id: str
    created: int  # Unix seconds, as GET /v1/models says
    owned_by: str
    listed: bool  # whether GET /v1/models knows it
    shutdown: date | None
    successor: str  # what the vendor says to use in its place; "" if nothing
    default_day: date | Literal["today"] | None  # whose rules it has if nobody says; None: all's
    family: str  # of models that share words and limits; "" is none
    shutdown_date: date | None  # as GET /v1/models says, once it was announced
    offers: Mapping[str, Offer]  # by operation id


class LinkFacts(NamedTuple):
    """The fixed parts of a picture's URL."""

    seconds_before: int
    seconds_after: int
    sv: str
    skoid: str
    sktid: str
    source: str
    level: str


class HeaderFacts(NamedTuple):
    """What the headers of an answer are like."""

    openai_version: str
    request_id_prefix: str
    source: str
    level: str
    nosniff: bool = False  # x-content-type-options
    project: bool = False  # openai-project, where there is a caller
    exposed: tuple[str, ...] = ()  # access-control-expose-headers, a line each


class MagicKey(NamedTuple):
    """An API key with an effect: a tier, a refusal (the name of an error), or that it reports."""

    name: str
    help: str
    tier: str | None = None
    refusal: str | None = None
    admin: bool = False  # a key of an organization


class MagicWord(NamedTuple):
    """A word in a prompt with an effect: `then` is that of a rule, "$" what is after `=`."""

    name: str
    then: Mapping[str, Any]
    help: str


class RequestFields(NamedTuple):
    """What a request's fields are to this server, which has a part in none but their order."""

    order: tuple[str, ...]  # in which they are told: every field of any day
    request: tuple[str, ...]  # what every request has; the rest are its options
    by_position: tuple[str, ...]  # after the size in digests and URLs; later ones by name
    answer: tuple[str, ...]  # options that make another answer, of the same pictures
    nothing: tuple[str, ...]  # what changes neither
    placed: frozenset[str] = frozenset()  # options that pictures don't have by name


class Facts(NamedTuple):
    """All facts under the rules of one day."""

    day: date
    headers: HeaderFacts
    link: LinkFacts
    operations: Mapping[str, Operation]
    models: Mapping[str, Model]
    billing: BillingFacts
    shutdown_told: bool  # whether GET /v1/models says when a model ends
    services: Mapping[str, str]  # path → who answers there; one that ends in / is all below it
    words: Mapping[str, tuple[str, ...]]  # service → tables of words, later ones over earlier
    family_words: Mapping[str, Mapping[str, tuple[str, ...]]]  # family → the same for its models
    tiers: tuple[str, ...]
    limits: Limits
    prices: Prices
    magic_prefix: str
    magic_keys: Mapping[str, MagicKey]
    magic_words: Mapping[str, MagicWord]
    mismatched_organization: str
    stand_in: str = ""  # the model that answers for any: none but with `--validation schema`

    def service(self, path: str) -> str:
        """Who answers for a path."""
        found = self.services.get(path)
        while found is None and path:
            path = path.rpartition("/")[0]
            found = self.services.get(f"{path}/")
        return found or OTHER


def is_drawable(width: int, height: int) -> bool:
    """Whether a picture of so many pixels can be drawn."""
    return min(width, height) >= SIDE_LEAST and width * height <= AREA_MOST


def check_sizes(model: str, sizes: Iterable[str]) -> None:
    """Refuse a size that no picture can have."""
    for size in sizes:
        width, _, height = size.partition("x")
        sides = [int(side) if side.isdecimal() else 0 for side in (width, height)]
        if not is_drawable(*sides):
            raise FactsError(
                f"models.toml: {model} has the size {size!r}; it must be as 1024x1024, each side "
                f"at least {SIDE_LEAST}"
            )
