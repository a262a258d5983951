"""The trace of a price: what was recorded when it was drafted, and the same worked out again (DOMAIN rule 12)."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.pricing.domain.drafting import draft
from services.pricing.domain.facts import OfferDrafted
from services.pricing.domain.offer import Offer
from services.pricing.domain.premium import METHOD
from shared.contracts.pricing import OfferIssued
from shared.errors import Refusal
from shared.events import Event
from shared.journal import canonical_json


class TraceMissing(Refusal):
    """A draft made before workings were kept, or by other rules of calculation: nothing can be worked out again."""

    type = "trace-missing"
    title = "Aucune trace à recalculer"


def trace_bytes(drafted: OfferDrafted) -> bytes:
    """The one text of a trace: inputs, versions, every figure, the result."""
    return canonical_json(drafted.model_dump(mode="json")).encode()


def find(events: Iterable[Event], offer_id: str) -> tuple[Offer, OfferDrafted, OfferIssued | None] | None:
    """A draft with the offer as it stood before it and what was issued of it; None when there is no such draft."""
    offer, found = Offer(), None
    issued: OfferIssued | None = None
    for event in events:
        if isinstance(event, OfferDrafted) and event.offer_id == offer_id:
            found = (offer, event)
        if isinstance(event, OfferIssued) and event.offer_id == offer_id:
            issued = event
        offer = offer.fold(event)
    return None if found is None else (*found, issued)


def recompute(before: Offer, drafted: OfferDrafted) -> OfferDrafted:
    """The draft again, from the facts before it and the grid it froze.

    Raises: TraceMissing, GridHashMismatch.
    """
    workings = drafted.workings
    if workings is None or workings.method != METHOD:
        raise TraceMissing("Ce projet ne garde pas ses calculs, ou relève d'une autre méthode.")
    workings.grid.check_hash(drafted.grid_hash)
    again = draft(before, workings.grid, drafted.drafted_at)[0]
    if not isinstance(again, OfferDrafted):
        raise TraceMissing("Les données du dossier ne permettent pas de tarifer.")
    return again


def differences(drafted: OfferDrafted, again: OfferDrafted, issued: OfferIssued | None) -> list[str]:
    """Where the recorded draft, the recomputed one and the issued offer differ: `path: recorded, expected`."""
    found = list(_compare("", drafted.model_dump(mode="json"), again.model_dump(mode="json")))
    if issued is not None:
        shown = set(issued.model_fields_set) & set(OfferDrafted.model_fields)
        kept = issued.model_dump(mode="json", include=shown)
        found += _compare("/issued", kept, again.model_dump(mode="json", include=shown))
    return found


def _compare(path: str, recorded: Any, expected: Any) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(expected, dict):
        for name in sorted(recorded.keys() | expected.keys()):
            yield from _compare(f"{path}/{name}", recorded.get(name), expected.get(name))
    elif isinstance(recorded, list) and isinstance(expected, list) and len(recorded) == len(expected):
        for place, pair in enumerate(zip(recorded, expected, strict=True)):
            yield from _compare(f"{path}/{place}", *pair)
    elif recorded != expected:
        yield f"{path} : enregistré {recorded}, recalculé {expected}"
