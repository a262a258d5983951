"""A commit as it is stored: its hash is over the text, whether the text is compressed or not."""

import hashlib
import zlib

import pytest

from shared.documents import MemoryDocuments
from shared.journal.commit import (
    COMPRESSED_FROM_CHARACTERS,
    GENESIS_HASH,
    Commit,
    canonical_json,
    readable,
    seal,
)
from shared.journal.entries import Entry
from tests.counter import START, Muttered, cause, make_journal

LONG = "L'été, « œ » \U0001f3e0 " * COMPRESSED_FROM_CHARACTERS


def sealed(words: str) -> Commit:
    return seal("counter:a", 1, GENESIS_HASH, [Entry(cause(), (Muttered(words=words),))], {}, START)


@pytest.mark.parametrize("words", ["…", LONG])
def test_a_commit_reads_back_as_it_was_written(words):
    commit = sealed(words)
    read = Commit.from_document(commit.document())
    assert read == commit
    assert read.written is None
    assert read.decoded() == commit.decoded() == (Entry(cause(), (Muttered(words=words),)),)


def test_what_is_long_is_stored_compressed_and_what_is_short_as_text():
    frame = len(sealed("").entries)
    short = sealed("x" * (COMPRESSED_FROM_CHARACTERS - frame - 1))
    long = sealed("x" * (COMPRESSED_FROM_CHARACTERS - frame))
    assert short.document()["entries"] == short.entries
    stored = long.document()["entries"]
    assert isinstance(stored, bytes)
    assert len(stored) < len(long.entries)
    assert zlib.decompress(stored).decode() == long.entries


def test_the_hash_is_over_the_text_and_not_over_what_is_stored():
    commit = sealed(LONG)
    stored = commit.document()
    again = Commit.from_document(stored | {"entries": zlib.compress(commit.entries.encode(), 9)})
    assert again.document()["entries"] == stored["entries"]
    assert stored["hash"] == commit.hash == again.computed_hash()
    assert commit.hash != hashlib.sha256(stored["entries"]).hexdigest()


def test_a_long_commit_that_was_stored_as_text_reads_the_same():
    commit = sealed(LONG)
    old = commit.document() | {"entries": commit.entries, "published": True}
    read = Commit.from_document(old)
    assert read == commit
    assert read.computed_hash() == commit.hash


def test_a_commit_says_its_epoch_where_there_is_one_writer():
    commit = seal("ledger:a", 1, GENESIS_HASH, [Entry(cause(), (Muttered(words="…"),))], {}, START, 3)
    assert commit.document()["epoch"] == 3
    assert Commit.from_document(commit.document()) == commit
    assert Commit.from_document(commit.document() | {"epoch": 4}).computed_hash() != commit.hash


def test_a_commit_without_an_epoch_is_what_it_was_before_there_were_any():
    commit = sealed("…")
    assert "epoch" not in commit.document()
    content = {name: value for name, value in commit.document().items() if name not in ("_id", "hash")}
    assert commit.hash == hashlib.sha256(canonical_json(content).encode()).hexdigest()
    assert "epoch" not in readable(commit.document())


@pytest.mark.parametrize("words", ['"\\/', "\n\r\t\b\f\x00\x1f\x7f", "é\u2028\u00a0’", "😀", "</script>"])
def test_a_hash_is_over_the_canonical_text_whatever_the_words(words):
    commit = sealed(words)
    content = {name: value for name, value in commit.document().items() if name not in ("_id", "hash")}
    assert commit.hash == hashlib.sha256(canonical_json(content).encode()).hexdigest()


def test_a_readable_document_is_text_and_nothing_else():
    commit = sealed(LONG)
    assert readable(commit.document()) == commit.document() | {"entries": commit.entries}


async def test_a_stream_of_long_commits_folds_to_what_was_decided():
    store = MemoryDocuments()
    await make_journal(store).append("a", lambda _: [Muttered(words=LONG)], cause())
    assert isinstance((await store.get("counter:a#1") or {})["entries"], bytes)
    assert [event async for event in make_journal(store).events("a")] == [Muttered(words=LONG)]
    assert (await make_journal(store).load("a")).version == 1


@pytest.mark.parametrize(("entries", "error"), [(b"", zlib.error), (b"plain", zlib.error), (None, KeyError)])
def test_a_document_that_is_no_commit_is_said_to_be_none(entries, error):
    document = sealed("…").document() | {"entries": entries}
    if entries is None:
        del document["entries"]
    with pytest.raises(error):
        Commit.from_document(document)
