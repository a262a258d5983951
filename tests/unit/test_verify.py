"""The verifier names the first commit of a stream that is wrong, what was expected and what is there."""

import asyncio
import json
import zlib

import pytest

from shared.documents import Documents, MemoryDocuments
from shared.journal import verify as module
from shared.journal.commit import GENESIS_HASH, Commit, seal
from shared.journal.verify import Fault, verify
from tests.counter import START, cause, count, make_journal

SECOND = "counter:a#2"


async def counted(*keys: str) -> MemoryDocuments:
    """A journal with three commits a key."""
    store = MemoryDocuments()
    journal = make_journal(store)
    for _ in range(3):
        for key in keys or ("a",):
            await journal.append(key, lambda _: count(1), cause())
    return store


async def faults(store: Documents) -> list[Fault]:
    return (await verify(store.find({}, sort=[("version", 1)]))).faults


async def commit(store: Documents, key: str = SECOND) -> Commit:
    found = await store.get(key)
    assert found is not None
    return Commit.from_document(found)


async def test_a_sound_journal_is_counted_and_clean():
    store = await counted("a", "b")
    report = await verify(store.find({}, sort=[("version", 1)]))
    assert report.clean
    assert (report.streams, report.commits, report.events) == (2, 6, 6)


async def test_a_commit_under_another_name_is_found():
    store = await counted()
    await store.mark(SECOND, {"stream": "counter:z"})
    await store.remove("counter:a#3")
    assert await faults(store) == [Fault(SECOND, "identifiant", "counter:z#2", SECOND)]


async def test_a_missing_commit_is_found_at_the_next():
    store = await counted()
    await store.remove(SECOND)
    assert await faults(store) == [Fault("counter:a#3", "version", "2", "3")]


async def test_a_missing_beginning_is_found():
    store = await counted()
    await store.remove("counter:a#1")
    assert await faults(store) == [Fault(SECOND, "version", "1", "2")]


async def test_a_commit_sealed_anew_breaks_the_chain_at_the_next():
    store = await counted()
    whole = await commit(store)
    entries = json.loads(whole.entries)
    entries[0]["events"][0]["data"]["amount"] = 9
    forged = Commit(whole.stream, 2, whole.recorded_at, json.dumps(entries), whole.sequences, whole.prev_hash).sealed()
    await store.put(forged.document())
    assert await faults(store) == [Fault("counter:a#3", "chaînage", forged.hash, whole.hash)]


async def test_a_commit_that_follows_another_past_is_found():
    store = await counted()
    first = await commit(store, "counter:a#1")
    await store.mark(SECOND, {"prev_hash": GENESIS_HASH})
    assert await faults(store) == [Fault(SECOND, "chaînage", first.hash, GENESIS_HASH)]


async def in_epochs(*epochs: int) -> MemoryDocuments:
    """A sound chain whose commits say these epochs."""
    store, before = MemoryDocuments(), GENESIS_HASH
    for version, epoch in enumerate(epochs, start=1):
        sealed = seal("s:a", version, before, [], {}, START, epoch)
        await store.insert(sealed.document())
        before = sealed.hash
    return store


@pytest.mark.parametrize("epochs", [(1, 1, 2, 2, 4), (0, 0, 1, 1, 2)])
async def test_epochs_that_never_go_back_are_sound_and_the_oldest_commits_say_none(epochs):
    assert await faults(await in_epochs(*epochs)) == []


@pytest.mark.parametrize("old", [1, 0])
async def test_the_first_commit_of_an_old_epoch_after_a_newer_one_is_named(old):
    assert await faults(await in_epochs(1, 2, 2, old, 2, old)) == [
        Fault("s:a#4", "époque", "2 ou une suivante", str(old))
    ]


@pytest.mark.parametrize(
    ("field", "value"), [("entries", "[]"), ("recorded_at", "2020-01-01T00:00:00+00:00"), ("sequences", "{}")]
)
async def test_changed_content_no_longer_has_its_hash(field, value):
    store = await counted()
    await store.mark(SECOND, {field: value})
    changed = await commit(store)
    assert await faults(store) == [Fault(SECOND, "empreinte", changed.computed_hash(), changed.hash)]


async def test_a_changed_hash_is_not_that_of_the_content():
    store = await counted()
    whole = await commit(store)
    await store.mark(SECOND, {"hash": "f" * 64})
    assert await faults(store) == [Fault(SECOND, "empreinte", whole.hash, "f" * 64)]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"entries": b"no stream of zlib"}, "error"),
        ({"entries": zlib.compress(b"\xff")}, "UnicodeDecodeError"),
    ],
)
async def test_a_commit_that_cannot_be_read_is_a_fault_of_its_own_stream(changes, found):
    store = await counted("a", "b")
    await store.mark(SECOND, changes)
    (fault,) = await faults(store)
    assert (fault.commit, fault.check) == (SECOND, "lecture")
    assert fault.found.startswith(f"{found}: ")


async def test_a_commit_that_lacks_a_field_cannot_be_read():
    store = await counted()
    whole = await store.get(SECOND)
    assert whole is not None
    del whole["hash"]
    await store.put(whole)
    assert await faults(store) == [Fault(SECOND, "lecture", "une inscription", "KeyError: 'hash'")]


async def test_each_stream_has_its_own_first_fault():
    store = await counted("a", "b", "c")
    await store.remove("counter:a#1")
    await store.remove("counter:b#2")
    assert [(fault.commit, fault.check) for fault in await faults(store)] == [
        (SECOND, "version"),
        ("counter:b#3", "version"),
    ]


# -- the command line --------------------------------------------------------------------------------------------


@pytest.fixture
def database(monkeypatch):
    """A database the command line opens instead of a server's."""

    class Opened:
        store = MemoryDocuments()
        closed = False

        def __init__(self, url: str, name: str) -> None:
            assert (url, name) == ("mongodb://reader@localhost", "intake")

        def collection(self, name: str) -> MemoryDocuments:
            assert name == "journal"
            return Opened.store

        def close(self) -> None:
            Opened.closed = True

    monkeypatch.setattr(module, "Database", Opened)
    monkeypatch.setattr("sys.argv", ["verify", "--url", "mongodb://reader@localhost", "--database", "intake"])
    return Opened


def leave() -> object:
    with pytest.raises(SystemExit) as left:
        module.main()
    return left.value.code


def test_the_command_line_says_what_it_read(database, capsys):
    assert leave() == 0
    assert capsys.readouterr().out == "intake : 0 flux, 0 inscriptions, 0 faits\n"
    assert database.closed


def test_the_command_line_says_what_is_wrong(database, capsys):
    database.store = asyncio.run(counted())
    asyncio.run(database.store.remove(SECOND))
    assert leave() == 1
    assert "FAUX counter:a#3 : version — attendu 2, trouvé 3\n" in capsys.readouterr().out


def test_the_command_line_needs_a_server(monkeypatch, capsys):
    monkeypatch.delenv("ALS_MONGO_URL", raising=False)
    monkeypatch.setattr("sys.argv", ["verify", "--database", "intake"])
    assert leave() == 2
    assert "ALS_MONGO_URL" in capsys.readouterr().err
