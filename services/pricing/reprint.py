"""Print an issued offer again from the journal: `python -m services.pricing.reprint OFFER`."""

from collections.abc import Sequence
from functools import reduce

from services.pricing.documents import render_offer
from services.pricing.domain.facts import OfferPrinted
from services.pricing.domain.offer import Offer, stream_of
from shared.contracts.pricing import OfferIssued
from shared.events import Event
from shared.reprint import NeverPrinted, PrintingUnknown, Reprint, command, run


async def reprint(events: Sequence[Event], offer_id: str) -> Reprint:
    """The offer as it was printed when it was issued. Raises: NeverPrinted, PrintingUnknown."""
    for place, event in enumerate(events):
        if isinstance(event, OfferIssued) and event.offer_id == offer_id:
            before, printed = reduce(Offer.fold, events[:place], Offer()), events[place - 1]
            if not isinstance(printed, OfferPrinted):
                raise PrintingUnknown
            templates, days = printed.printing.templates, printed.validity_days
            again = await render_offer(before, event.issued_at, event.valid_until, days, templates)
            return Reprint(again, printed.printing)
    raise NeverPrinted(f"Aucune offre « {offer_id} » n'a été émise.")


def main() -> None:
    parser = command("pricing")
    parser.add_argument("offer", help="identifiant de l'offre, par exemple d0551e4-1")
    arguments = parser.parse_args()
    offer_id = arguments.offer
    raise SystemExit(run(parser, arguments, offer_id, stream_of(offer_id), lambda events: reprint(events, offer_id)))


if __name__ == "__main__":
    main()
