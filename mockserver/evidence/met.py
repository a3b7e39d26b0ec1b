"""Which words requests can meet on a day: of which services, and of which models. Tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from mockserver.core.dialects import dialect_of
from mockserver.core.errors import Reason
from mockserver.facts import Facts, Offer, Parameter, load
from mockserver.facts.platform import endpoints, on
from mockserver.facts.words import TABLES
from mockserver.facts.words.backend import BACKEND
from mockserver.facts.words.edits import EDITS
from mockserver.facts.words.wording import Wording

_ALL_OF_IMAGES = ("images.generate", "images.edit", "images.vary")
_PROMPTED, _FORMS = _ALL_OF_IMAGES[:2], _ALL_OF_IMAGES[1:]
_CALLED = (*_ALL_OF_IMAGES, "models", "chat")
_ACCOUNT = (
    *(Reason.UNVERIFIED, Reason.NO_CREDIT, Reason.HARD_LIMIT),
    *(Reason.ORGANIZATION_SPEND_LIMIT, Reason.PROJECT_SPEND_LIMIT, Reason.USAGE_LIMIT),
)
#: Who can meet a reason at all; what is not here is met by every service.
_MET_BY: Mapping[Reason, tuple[str, ...]] = {
    **dict.fromkeys(
        (Reason.MISSING_KEY, Reason.INCORRECT_KEY, Reason.MISMATCHED_ORGANIZATION), _CALLED
    ),
    **dict.fromkeys((Reason.SANDBOXES_FULL, Reason.CONNECTIONS_FULL, Reason.STATE_AWAY), _CALLED),
    **dict.fromkeys(_ACCOUNT, _ALL_OF_IMAGES),
    Reason.ADMIN_KEY: _CALLED,
    **dict.fromkeys((Reason.RATE_LIMITED, Reason.OVER_LIMIT, Reason.NOT_OF_TIER), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.REFUSED, Reason.OVERLOADED), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.DESCRIPTION_REFUSED, Reason.PICTURE_REFUSED), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.UNKNOWN_PARAMETER, Reason.MISSING_PARAMETER), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.WRONG_TYPE, Reason.NOT_ONE_OF, Reason.UNKNOWN_MODEL), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.TOO_SMALL, Reason.TOO_LARGE, Reason.NO_MATCH), _ALL_OF_IMAGES),
    Reason.WRONG_CONTENT_TYPE: _ALL_OF_IMAGES,
    **dict.fromkeys((Reason.UNPARSABLE_JSON, Reason.WRONG_BODY_TYPE), _PROMPTED),
    **dict.fromkeys((Reason.EMPTY_PROMPT, Reason.PROMPT_TOO_LONG), _PROMPTED),
    **dict.fromkeys((Reason.PROMPT_OVER_MODEL, Reason.SIZE_NOT_OF_MODEL), _PROMPTED),
    **dict.fromkeys((Reason.ONE_IMAGE_ONLY, *BACKEND), _PROMPTED),
    **dict.fromkeys((Reason.UNPARSABLE_FORM, Reason.DUPLICATE_PARAMETER), _FORMS),
    Reason.NO_BOUNDARY: _FORMS,
    **dict.fromkeys((Reason.NOT_A_NUMBER, Reason.NOT_A_PNG), _FORMS),
    **dict.fromkeys((Reason.IMAGE_MODE, Reason.NOT_SQUARE), _FORMS),
    **dict.fromkeys((Reason.FILE_TYPE, Reason.MASK_MODE, Reason.MASK_SIZE), ("images.edit",)),
    **dict.fromkeys(EDITS, ("images.edit",)),
    Reason.NO_CHAT_MODEL: ("chat",),
    Reason.NO_SUCH_MODEL: ("models",),
    Reason.UNKNOWN_URL: ("other",),
    **dict.fromkeys((Reason.OUTSIDE_API, Reason.CONTROL_REFUSED), ("other",)),
}
#: What any service beside images meets, whatever is asked of it.
_EACH = (
    *(Reason.MISSING_KEY, Reason.INCORRECT_KEY, Reason.MISMATCHED_ORGANIZATION),
    *(Reason.RATE_LIMITED, Reason.WRONG_METHOD, Reason.WRONG_HOST, Reason.BODY_TOO_LARGE),
    *(Reason.REQUEST_TIMEOUT, Reason.INTERNAL, Reason.SANDBOXES_FULL, Reason.CONNECTIONS_FULL),
    *(Reason.NO_ROOM_FOR_BODY, Reason.STATE_AWAY),
)
_OF_JSON = (Reason.UNPARSABLE_JSON, Reason.WRONG_BODY_TYPE)
_OF_VALUES = (Reason.WRONG_TYPE, Reason.NOT_ONE_OF, Reason.TOO_SMALL, Reason.TOO_LARGE)
#: What each of them meets beside the words that are its own.
_BESIDE: Mapping[str, tuple[Reason, ...]] = {
    "files": (
        *(Reason.ADMIN_KEY, Reason.NO_SUCH_CURSOR),
        *(Reason.UNPARSABLE_FORM, Reason.UNPARSABLE_JSON),
    ),
    "batches": (
        *(Reason.ADMIN_KEY, Reason.NO_SUCH_CURSOR, *_OF_JSON, *_OF_VALUES),
        *(Reason.MISSING_PARAMETER, Reason.UNKNOWN_PARAMETER),
    ),
    "organization": (),
    "responses": (
        *(Reason.ADMIN_KEY, *_OF_JSON, *_OF_VALUES),
        *(Reason.MISSING_PARAMETER, Reason.UNKNOWN_PARAMETER),
        *(*_ACCOUNT, Reason.OVER_LIMIT, Reason.NOT_OF_TIER),
        *(Reason.REFUSED, Reason.PICTURE_REFUSED),
    ),
}


Spoken = tuple[Reason, str, Wording]  # with the name of the table


def all_spoken(facts: Facts) -> Iterator[tuple[str, Spoken]]:
    """Who says what on a day: each service, and what it says to a family of models alone."""
    for service, tables in facts.words.items():
        to_all = _spoken(service, tables)
        said = [(service, spoken) for spoken in to_all]
        for family, words in facts.family_words.items():
            place = f"{service} to {family} models"
            said += [(place, s) for s in _spoken(service, words[service]) if s not in to_all]
        yield from (row for row in said if _can_be_met(row[1][0], facts, service))


def _spoken(service: str, tables: Sequence[str]) -> list[Spoken]:
    """Each reason that a service can meet, with the last table that has words for it."""
    found = {r: (r, name, wording) for name in tables for r, wording in TABLES[name].items()}
    unmet = dialect_of(tables[0]).unmet
    return [row for r, row in found.items() if r not in unmet and _meets(service, r)]


def _meets(service: str, reason: Reason) -> bool:
    if service in _BESIDE:
        return reason in (*_EACH, *_BESIDE[service]) or reason in TABLES[service]
    return service in _MET_BY.get(reason, (service,))


def _can_be_met(reason: Reason, facts: Facts, service: str) -> bool:
    """Whether the facts of a day leave a request that meets this reason."""
    operation = facts.operations.get(service)
    if operation is None:
        return service not in _BESIDE or _has_beside(reason, service, facts.day)
    offers = [m.offers[service] for m in facts.models.values() if service in m.offers]
    parameters = {p.name: p for p in operation.parameters}
    of_models = [p for offer in offers for p in offer.parameter.values()]
    match reason:
        case Reason.UNKNOWN_MODEL:
            return "model" in parameters
        case Reason.UNPARSABLE_JSON | Reason.WRONG_BODY_TYPE:
            return not operation.form or operation.json_too
        case Reason.SIZE_NOT_OF_MODEL if not dialect_of(operation.dialect).tells_bound_of_model:
            own = [p for p in of_models if p.of_model]
            return any({*(parameters[p.name].values or ())} - {*(p.values or ())} for p in own)
        case Reason.NO_MATCH:
            return any(p.pattern for p in of_models)
        case Reason.ONE_IMAGE_ONLY:
            most = parameters["n"].maximum or 1
            return any((p.maximum or 1) < most for p in of_models if p.name == "n")
        case Reason.PROMPT_OVER_MODEL:
            return any(o.prompt_max < (parameters["prompt"].length_max or 0) for o in offers)
        case _:
            return reason not in _OF_OFFERS or any(_is_behind(reason, offer) for offer in offers)


def _has_beside(reason: Reason, service: str, day: date) -> bool:
    """Whether an endpoint of a service has a parameter that meets a reason on a day."""
    known = [p for e in endpoints(service, day) for p in (*e.query, *e.body)]
    if service == "responses":  # whose tool takes what its models take
        models = [model for model in load(day).models.values() if model.family]
        offers = [offer for model in models for offer in model.offers.values()]
        known += [p for offer in offers for p in offer.parameter.values()]
        if reason in _OF_OFFERS:
            return any(_is_behind(reason, offer) for offer in offers)
    if reason is Reason.NO_PARTIAL_IMAGES:
        return "streams" in on(service, day)["tool"]
    meets = _OF_PARAMETERS.get(reason)
    return meets is None or not known or any(map(meets, known))


#: Which parameters can meet a reason, as far as not all can.
_OF_PARAMETERS: Mapping[Reason, Callable[[Parameter], bool]] = {
    Reason.NOT_A_NUMBER: lambda p: p.type == "integer",
    Reason.TOO_SMALL: lambda p: p.minimum is not None,
    Reason.TOO_LARGE: lambda p: p.maximum is not None,
    Reason.NO_SUCH_CURSOR: lambda p: p.name in ("after", "before"),
}
_OF_OFFERS = {*BACKEND, *EDITS}


def _is_behind(reason: Reason, offer: Offer) -> bool:
    """Whether an offer has what the service behind the gateway refuses for this reason."""
    sizes = [p for p in offer.parameter.values() if p.behind]
    match reason:
        case _ if reason in EDITS:
            return bool(offer.upload and offer.upload.formats)
        case Reason.SIZE_NOT_LISTED:
            return any(p.free is None for p in sizes)
        case _ if reason.startswith("size_"):
            return any(p.free for p in sizes)
        case Reason.GENERATION_FAILED:
            return offer.streamed is not None
        case _:
            return any(row.reason == reason for row in offer.refused)
