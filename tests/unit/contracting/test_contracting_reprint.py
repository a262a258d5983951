"""A paper is printed again from the journal, byte for byte."""

from datetime import timedelta

import pytest

from services.contracting.domain.engagement import EngagementDocument
from services.contracting.domain.facts import ActePrepared
from services.contracting.reprint import REPRINTED, reprint
from shared.errors import NotFound
from shared.reprint import compare
from tests.unit.contracting.officer import Officer
from tests.unit.contracting.samples import NOW


@pytest.fixture
async def officer(tmp_path) -> Officer:
    made = Officer(tmp_path)
    await made.bring_to_acte()
    return made


@pytest.mark.parametrize("kind", REPRINTED)
async def test_a_paper_is_printed_again_from_the_journal_byte_for_byte(officer, kind):
    again = await reprint(await officer.events(), kind)
    assert again.same
    kept = await officer.kept(kind)
    assert kept.startswith(again.pdf), "the signature was appended to these very bytes"


async def test_other_data_would_print_other_bytes(officer):
    events = await officer.events()
    place = next(number for number, one in enumerate(events) if type(one).__name__ == "OfferAccepted")
    moved = [one for number, one in enumerate(events) if number != place - 1]
    assert not (await reprint(moved, EngagementDocument.CONVENTION)).same


async def test_what_was_never_printed_is_not_found(officer):
    with pytest.raises(NotFound):
        await reprint((await officer.events())[:3], EngagementDocument.CONVENTION)
    unrecorded = [one for one in await officer.events() if type(one).__name__ != "PapersPrinted"]
    with pytest.raises(NotFound):
        await reprint(unrecorded, EngagementDocument.PREMIUM_CALL)


async def test_the_command_says_that_the_bytes_are_the_same(officer, capsys, tmp_path):
    out = tmp_path / "again.pdf"
    assert await compare("acte", reprint(await officer.events(), EngagementDocument.ACTE), out) == 0
    assert "à l'octet près" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"%PDF-")


async def test_the_command_says_that_the_bytes_differ_and_which_typesetter_made_them(officer, capsys):
    def moved(event):
        if not isinstance(event, ActePrepared):
            return event
        assert event.printing is not None
        printing = event.printing.model_copy(update={"engine": "typst 0"})
        return event.model_copy(update={"prepared_at": NOW + timedelta(days=1), "printing": printing})

    events = [moved(event) for event in await officer.events()]
    assert await compare("acte", reprint(events, EngagementDocument.ACTE)) == 1
    said = capsys.readouterr().err
    assert "DIFFÉRENT" in said
    assert "édité par typst 0" in said


async def test_the_command_says_that_nothing_was_printed(capsys):
    assert await compare("acte", reprint([], EngagementDocument.ACTE)) == 1
    assert "pas encore" in capsys.readouterr().err
