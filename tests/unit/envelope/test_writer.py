"""The writer: one epoch at a time, and the door when another took over."""

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.decisions import UnknownCampaign
from services.envelope.domain.ledger import KIND
from services.envelope.writer import EX_FENCED, Writer
from shared.documents import MemoryDocuments
from shared.journal import Journal
from tests.counter import FixedClock, cause
from tests.unit.envelope.test_ledger import NOW, rules


class Left(BaseException):
    """Stands for the process that ended."""


def leave(code: int) -> None:
    raise Left(code)


def writer(store) -> Writer:
    async def on_commit(*_) -> None:
        return None

    return Writer(Journal(KIND, store, FixedClock(), on_commit), FixedClock(), leave)


def opening(ledger):
    return decisions.adopt(ledger, rules(), NOW)


def submission(number):
    return lambda ledger: decisions.submit(ledger, str(number), number, 10, NOW)


async def test_the_first_command_takes_over_with_an_epoch_commit():
    one = writer(MemoryDocuments())
    done = await one.append("c", opening, cause("x#1.1"))
    assert (done.state.epoch, done.state.writer) == (1, one.id)
    assert one.campaigns == {"c"}
    assert (await one.append("c", submission(1), cause("x#2.1"))).state.epoch == 1


async def test_another_writer_takes_over_and_the_first_leaves_before_it_decides():
    store = MemoryDocuments()
    one, two = writer(store), writer(store)
    await one.append("c", opening, cause("x#1.1"))
    assert (await two.append("c", submission(1), cause("x#2.1"))).state.epoch == 2
    with pytest.raises(Left) as left:
        await one.append("c", submission(2), cause("x#3.1"))
    assert left.value.args == (EX_FENCED,)
    assert (await two.append("c", submission(2), cause("x#3.1"))).state.decided == 2


async def test_a_refused_first_command_does_not_pretend_to_hold_the_ledger():
    store = MemoryDocuments()
    one = writer(store)
    with pytest.raises(UnknownCampaign):
        await one.append("c", submission(1), cause())
    assert one.campaigns == frozenset()
    assert await store.count({}) == 0
    assert (await one.append("c", opening, cause())).state.writer == one.id


async def test_a_message_seen_twice_is_decided_once_across_a_takeover():
    store = MemoryDocuments()
    one, two = writer(store), writer(store)
    await one.append("c", opening, cause("x#1.1"))
    await one.append("c", submission(1), cause("x#2.1"))
    await two.append("c", submission(1), cause("x#2.1"))
    await two.append("c", submission(2), cause("x#3.1"))
    assert (await two.append("c", lambda _: [], cause())).state.decided == 2
