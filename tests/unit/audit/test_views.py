"""The audit holds views against their streams."""

from collections.abc import Awaitable, Callable

import pytest

from deploy.audit.source import LOOKS_AT_WHAT_IS_ANNOUNCED
from shared.documents import MemoryDocuments
from tests.simulation.world import Stored
from tests.unit.audit.played import audited, said


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"status": "acte_transmitted"}, "vue"),
        ({"stream_version": 99}, "inscription"),
        ({"stream_version": 1}, "vue à jour"),
        (None, "vue"),
    ],
)
async def test_a_view_that_is_not_the_fold_of_its_stream_is_named(stored, changes, check):
    views = stored.collections["intake"]["view_dossier"]
    key = next(row["_id"] for row in views._documents.values() if row["stream_version"] > 3)
    await (views.remove(key) if changes is None else views.mark(key, changes))
    where = said(await audited(stored))
    assert any(commit.startswith(f"dossier:{key}") and named == check for commit, named in where)


class Looked(MemoryDocuments):
    """An outbox, and what happens at one of the looks at it."""

    def __init__(self, look: int, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.looks, self._look, self._happens = 0, look, happens

    async def find(self, query, **options):
        self.looks += 1
        if self.looks == self._look:
            await self._happens()
        async for row in super().find(query, **options):
            yield row


async def left_behind(stored: Stored, look: int, *, missing: bool = False) -> tuple[Looked, str]:
    """A stream whose view is behind, or missing, and which stays announced; it is drawn at one of the looks."""
    views = stored.collections["intake"]["view_dossier"]
    row = next(row for row in views._documents.values() if row["stream_version"] > 3)
    key, drawn = row["_id"], dict(row)
    outbox = stored.collections["intake"]["outbox"] = Looked(look, lambda: views.put(drawn))
    streams = {"streams": ["dossier:beside", f"dossier:{key}"], "since": [1, 2]}
    await outbox.put({"_id": "one", "owner": "somebody", "beat": 1} | streams)
    await (views.remove(key) if missing else views.mark(key, {"stream_version": 1}))
    return outbox, key


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("look", [1, 3])
async def test_a_view_that_follows_while_its_stream_is_announced_is_right(stored, monkeypatch, look, missing):
    monkeypatch.setattr("deploy.audit.source.SWEEP_SECONDS", 0)
    await left_behind(stored, look, missing=missing)
    assert said(await audited(stored)) == []


async def test_a_view_that_does_not_follow_is_named_although_its_stream_stays_announced(stored, monkeypatch):
    monkeypatch.setattr("deploy.audit.source.SWEEP_SECONDS", 0)
    outbox, key = await left_behind(stored, 0)
    found = said(await audited(stored))
    assert (f"dossier:{key}", "vue à jour") in found
    assert outbox.looks == LOOKS_AT_WHAT_IS_ANNOUNCED + 1


async def test_a_view_of_no_stream_is_named(stored):
    await stored.collections["intake"]["view_dossier"].put({"_id": "nobody", "stream_version": 1})
    assert said(await audited(stored)) == [("dossier:nobody#1", "inscription")]
