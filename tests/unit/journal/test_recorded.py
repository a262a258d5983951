"""What is recorded has its sequence, and shows what was changed or removed."""

import pytest

from shared.documents import MemoryDocuments
from shared.journal import Commit
from shared.journal.relay import messages
from shared.journal.verify import verify
from tests.counter import KIND, Muttered, cause, count, make_journal


async def test_messages_carry_a_gapless_sequence_over_private_events():
    seen = list[Commit]()
    journal = make_journal(MemoryDocuments(), seen)
    await journal.append("a", lambda _: [Muttered(words="…"), *count(1)], cause())
    await journal.append("a", lambda _: [Muttered(words="…")], cause())
    await journal.append("a", lambda _: [*count(1), *count(2)], cause("other#4.1"))
    sent = [meta for commit in seen for _, meta in messages(commit, KIND.topics)]
    assert [meta.sequence for meta in sent] == [1, 2, 3]
    assert [meta.id for meta in sent] == ["counter:a#1.2", "counter:a#3.1", "counter:a#3.2"]
    assert sent[1].causation == "other#4.1"


@pytest.mark.parametrize("field", ["entries", "prev_hash", "recorded_at", "sequences"])
async def test_verify_names_the_first_changed_commit(field):
    store = MemoryDocuments()
    journal = make_journal(store)
    for _ in range(3):
        await journal.append("a", lambda _: count(1), cause())
    broken = await store.get("counter:a#2")
    assert broken
    await store.mark("counter:a#2", {field: broken[field].replace("1", "2", 1).replace("0", "9", 1)})
    report = await verify(store.find({}, sort=[("version", 1)]))
    assert [fault.commit for fault in report.faults] == ["counter:a#2"]


async def test_verify_finds_a_removed_commit():
    store = MemoryDocuments()
    journal = make_journal(store)
    for _ in range(3):
        await journal.append("a", lambda _: count(1), cause())
    await store.remove("counter:a#2")
    (fault,) = (await verify(store.find({}, sort=[("version", 1)]))).faults
    assert (fault.commit, fault.check, fault.expected) == ("counter:a#3", "version", "2")
