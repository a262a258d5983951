"""Snapshots: a restart costs what came since, and a bad snapshot costs nothing but time."""

import json

import pytest

from shared.documents import MemoryDocuments
from shared.errors import Unavailable
from shared.journal import Commit
from shared.journal.directory import Directory
from shared.journal.head import Head
from shared.journal.snapshots import Snapshots, version_of
from tests.counter import KIND, Counter
from tests.unit.snapshots.processes import EVERY, Process, root_of, spoilt, twelve


async def test_a_restart_reads_only_what_came_after_the_snapshot():
    commits, snapshots = await twelve()
    loaded = await Process(commits, snapshots).journal.load("a")
    assert (loaded.version, loaded.state.total) == (12, sum(range(1, 13)))
    assert commits.read <= 4  # the snapshot's own commit, two newer ones, and nothing after them


async def test_what_was_handled_before_the_snapshot_is_not_handled_again():
    commits, snapshots = await twelve()
    assert (await Process(commits, snapshots).add(3, 12)) == 12


async def test_sequences_go_on_without_a_gap():
    commits, snapshots = await twelve()
    seen = []
    await Process(commits, snapshots, seen).add(13)
    assert json.loads(seen[0].sequences) == {"intake.dossier.v1": 12}


def head_with(**changes) -> str:
    head = {"state": {"total": 1, "steps": [1]}, "version": 10, "hash": "f" * 64, "sequences": {}}
    head |= {"handled": Directory("counter:a/handled").described(), "generation": "10-x", "retired": []}
    return json.dumps(head | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "of another version"},
        {"head": "not json"},
        {"head": "{}"},
        {"head": head_with(state={"total": "many", "steps": []})},
        {"head": head_with()},  # not the hash of this journal's commit
        {"head": head_with(version=99)},
    ],
)
async def test_a_snapshot_that_is_wrong_is_ignored_and_the_stream_folded(changes):
    commits, snapshots = await twelve()
    await spoilt(snapshots, **changes)
    assert (await Process(commits, snapshots).journal.load("a")).state.total == sum(range(1, 13))


async def test_without_snapshots_the_stream_is_folded():
    commits, _ = await twelve()
    assert (await Process(commits, MemoryDocuments()).journal.load("a")).version == 12


async def test_an_outage_of_the_snapshots_costs_no_append():
    class Down(MemoryDocuments):
        async def put(self, document):
            raise Unavailable("database")

    assert (await Process(MemoryDocuments(), Down()).add(*range(1, 11))) == 10


async def test_a_snapshot_too_large_to_store_is_not_stored(monkeypatch):
    monkeypatch.setattr("shared.journal.snapshots.MAX_LIVE_CHARACTERS", 10)
    _, snapshots = await twelve()
    assert await snapshots.count({}) == 0


async def test_a_snapshot_that_says_something_else_than_the_fold_is_a_fault():
    commits, snapshots = await twelve()
    cache = Snapshots(KIND, snapshots, commits, EVERY)
    found, pages = await root_of(snapshots), snapshots._documents
    assert version_of(found) == 10
    head = Head(Counter())
    async for document in commits.find({"version": {"$lte": 10}}, sort=[("version", 1)]):
        head.apply(Commit.from_document(document), KIND)
    assert cache.fault(found, pages, head) is None
    assert cache.fault(found | {"head": found["head"].replace('"total":55', '"total":56')}, pages, head)
    assert cache.fault({"_id": "x", "format": "of another version", "head": ""}, pages, head) is None
    assert cache.fault(found, {}, head) is None
    assert version_of({"head": "[]"}) is None
