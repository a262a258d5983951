"""The audit holds snapshots and their pages against the fold."""

import json
from typing import Any

from shared.journal.pages import packed, unpacked
from tests.simulation.world import Stored
from tests.unit.audit.played import audited, said


async def test_a_snapshot_that_is_not_the_fold_is_named_and_an_unreadable_one_ignored(stored):
    snapshots = stored.collections["envelope"]["snapshots"]
    row = snapshots._documents["ledger:sim"]
    await snapshots.put(row | {"head": row["head"].replace('"decided":', '"decided":1')})
    assert [check for _, check in said(await audited(stored))] == ["instantané"]
    await snapshots.put(row | {"head": "cut"})
    assert (await audited(stored)).clean


def reservations_page(stored: Stored) -> tuple[str, list[list[Any]]]:
    """A page the ledger's snapshot names: keys, numbers, amounts."""
    documents = stored.collections["envelope"]["snapshots"]._documents
    directory = json.loads(documents["ledger:sim"]["head"])["state"]["reservations"]
    key = f"{directory['prefix']}/{directory['rows'][0]}"
    return key, json.loads(unpacked(documents[key]["rows"]))


async def test_a_page_of_a_snapshot_that_is_not_the_fold_is_named(stored):
    key, columns = reservations_page(stored)
    columns[1][0] += 8
    changed = packed(json.dumps(columns).encode())
    await stored.collections["envelope"]["snapshots"].put({"_id": key, "rows": changed})
    assert [check for _, check in said(await audited(stored))] == ["instantané"]


async def test_an_index_that_does_not_find_the_rows_is_named(stored):
    documents = stored.collections["envelope"]["snapshots"]._documents
    for key, document in documents.items():
        if "index" in document and key.startswith("ledger:sim/reservations/"):
            documents[key] = document | {"index": packed(b"")}
    assert [check for _, check in said(await audited(stored))] == ["instantané"]


async def test_a_snapshot_without_one_of_its_pages_is_ignored(stored):
    await stored.collections["envelope"]["snapshots"].remove(reservations_page(stored)[0])
    assert (await audited(stored)).clean
