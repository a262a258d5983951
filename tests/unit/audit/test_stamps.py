"""Time stamps hold under their authority, and what they cover cannot be rewritten."""

from dataclasses import replace

import pytest

from shared.errors import Unavailable
from shared.journal import Commit, stamps
from shared.journal.stamps import StampRefused
from tests.authority import OwnAuthority, answering, unreachable
from tests.simulation.world import Stored
from tests.unit.audit.played import audited, journal, rewrite, said, version_with

AUTHORITY = OwnAuthority()


async def stamp(stored: Stored, authority=None) -> int:
    there = stored.collections["envelope"]
    return await stamps.stamp(there["journal"], there["stamps"], authority or AUTHORITY.over_http())


async def test_a_stamp_covers_what_grew_and_holds_under_its_authority(stored):
    assert await stamp(stored) == 2
    assert await stamp(stored) == 0
    documents = journal(stored, "envelope")
    head = Commit.from_document(documents["campaign:sim#1"])
    documents["ledger:other#1"] = replace(head, stream="ledger:other").sealed().document()
    assert await stamp(stored) == 1
    found = await audited(stored, stamps.trusted(AUTHORITY.pem))
    assert (found.clean, found.stamps["envelope"]) == (True, 2)


async def test_a_journal_rewritten_after_its_stamp_is_found_out_although_its_chain_is_right(stored):
    await stamp(stored)
    last = version_with(stored, "envelope", "ledger:sim", "Withdrawn")
    rewrite(stored, "envelope", "ledger:sim", last, "DossierWithdrawn", "DossierWithdrown")
    assert "empreinte horodatée" in [check for _, check in said(await audited(stored))]


async def test_a_stamp_of_an_authority_nobody_trusts_is_a_fault(stored):
    await stamp(stored)
    found = await audited(stored, stamps.trusted(OwnAuthority().pem))
    assert said(found) == [("horodatage 00000001", "jeton")]


@pytest.mark.parametrize(
    ("field", "old", "new", "checks"),
    [
        ("covered", "ledger", "Ledger", {"empreinte", "jeton", "inscription"}),
        ("digest", "", "0", {"empreinte"}),
        ("token", "M", "N", {"jeton"}),
        ("covered", '"previous":"0', '"previous":"1', {"empreinte", "jeton", "chaînage"}),
    ],
)
async def test_a_stamp_that_was_changed_is_a_fault(stored, field, old, new, checks):
    await stamp(stored)
    rows = stored.collections["envelope"]["stamps"]
    (row,) = rows._documents.values()
    await rows.put(row | {field: row[field].replace(old, new, 1)})
    assert {check for _, check in said(await audited(stored))} == checks


async def test_a_stamp_that_was_removed_is_missed(stored):
    await stamp(stored)
    rows = stored.collections["envelope"]["stamps"]
    (row,) = rows._documents.values()
    await rows.remove(row["_id"])
    await rows.put(row | {"_id": "00000002"})
    assert ("horodatage 00000002", "rang") in said(await audited(stored))


async def test_an_authority_that_is_away_or_refuses_leaves_no_stamp(stored):
    for authority, error in (
        (unreachable(), Unavailable),
        (answering(503), Unavailable),
        (answering(403), StampRefused),
        (answering(200, b"no stamp"), StampRefused),
    ):
        with pytest.raises(error):
            await stamp(stored, authority)
    assert await stored.collections["envelope"]["stamps"].count({}) == 0
