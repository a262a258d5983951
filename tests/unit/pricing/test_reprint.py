"""An issued offer is printed again from the journal, byte for byte."""

import pytest

from services.pricing.domain.facts import OfferPrinted
from services.pricing.domain.offer import stream_of
from services.pricing.reprint import reprint
from shared.contracts.pricing import OfferIssued
from shared.events import Event
from shared.reprint import NeverPrinted, PrintingUnknown, compare, events_of
from tests.facts import DOSSIER
from tests.unit.pricing.desk import Desk

OFFER, NEXT = f"{DOSSIER}-1", f"{DOSSIER}-2"


@pytest.fixture
async def desk(tmp_path) -> Desk:
    made = await Desk.opened(tmp_path)
    await made.issued()
    return made


async def events(desk: Desk) -> list[Event]:
    return await events_of(desk.documents, stream_of(OFFER))


async def test_every_issued_offer_is_printed_again_as_it_was_then(desk: Desk):
    await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    await desk.done("POST", f"/offers/{DOSSIER}/issue", {"offer_id": NEXT})
    kept = [await desk.objects.read(issued.document.object_key) for issued in desk.of(OfferIssued)]
    again = [await reprint(await events(desk), offer_id) for offer_id in (OFFER, NEXT)]
    assert [one.pdf for one in again] == kept
    assert all(one.same for one in again)
    assert kept[0] != kept[1]


async def test_other_data_would_print_other_bytes(desk: Desk):
    altered = [
        event.model_copy(update={"validity_days": 11}) if isinstance(event, OfferPrinted) else event
        for event in await events(desk)
    ]
    assert await compare(OFFER, reprint(altered, OFFER)) == 1
    assert await compare(OFFER, reprint(await events(desk), OFFER)) == 0


async def test_an_offer_that_was_not_issued_or_whose_printing_is_not_recorded_is_not_printed_again(desk: Desk):
    with pytest.raises(NeverPrinted):
        await reprint(await events(desk), NEXT)
    unrecorded = [event for event in await events(desk) if not isinstance(event, OfferPrinted)]
    with pytest.raises(PrintingUnknown):
        await reprint(unrecorded, OFFER)


async def test_how_an_offer_was_printed_stays_in_its_journal(desk: Desk):
    (printed,) = desk.of(OfferPrinted)
    assert printed.topic is None
    assert printed.printing.sha256 == desk.of(OfferIssued)[0].document.sha256
