"""Another shape is another format, and a commit that needs pages is folded once more and no oftener."""

from dataclasses import dataclass
from datetime import date

import pytest

from services.envelope.domain.ledger import Ledger
from services.intake.domain.register import Register
from shared.journal import Entry, StreamKind
from shared.journal.codec import UnknownShape, decode, encode, format_of
from shared.journal.commit import GENESIS_HASH, seal
from shared.journal.head import Head
from shared.journal.pages import PageNeeded, Pages
from tests.counter import KIND, START, Counted, cause, count


def test_another_shape_is_another_format():
    @dataclass(frozen=True)
    class Counter:  # the same name with one field more
        total: int = 0
        steps: tuple[int, ...] = ()
        more: bool = False

    assert len({format_of(shape) for shape in (Counter, type(KIND.initial), Ledger, Register)}) == 4


def test_a_shape_the_codec_does_not_know_is_said():
    with pytest.raises(UnknownShape):
        encode(date(2024, 1, 1))
    with pytest.raises(UnknownShape):
        decode(date, "2024-01-01")


def test_a_commit_that_needs_a_page_an_event_folds_each_event_twice_and_no_oftener():
    looked: list[int] = []

    class Paging:
        """Each event needs a page of its own, which is there when it is asked for again."""

        def fold(self, event: Counted) -> "Paging":
            looked.append(event.amount)
            if looked.count(event.amount) == 1:
                raise PageNeeded(Pages(), "p", [str(event.amount)])
            return self

    events = [event for number in range(50) for event in count(number)]
    commit = seal("counter:a", 1, GENESIS_HASH, [Entry(cause(), tuple(events))], {}, START)
    head = Head(Paging())
    needed = [one.names for one in head.applying(commit, StreamKind("counter", Paging()))]
    assert head.version == 1
    assert len(needed) == 49  # the first came while the commit was tried as a whole
    assert len(looked) == 2 * len(events)
