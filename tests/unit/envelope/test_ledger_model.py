"""The ledger against a naive model, whatever the commands; the invariants are asserted at every event."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.envelope.domain import decisions
from services.envelope.domain.decisions import NotReserved
from services.envelope.domain.ledger import Standing
from tests.unit.envelope.test_ledger import NOW, Book, rules


class Naive:
    """A list of lines, and a loop over it."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.lines: list[list] = []  # [name, amount, standing]

    def held(self) -> int:
        return sum(amount for _, amount, standing in self.lines if standing in ("reserved", "committed"))

    def waiting(self) -> list[list]:
        return [line for line in self.lines if line[2] == "waiting"]

    def submit(self, name: str, amount: int) -> None:
        fits = not self.waiting() and self.held() + amount <= self.cap
        self.lines.append([name, amount, "reserved" if fits else "waiting"])

    def promote(self) -> None:
        for line in self.waiting():
            if self.held() + line[1] > self.cap:
                return
            line[2] = "reserved"

    def line(self, name: str) -> list:
        return next(line for line in self.lines if line[0] == name)

    def release(self, name: str) -> None:
        self.line(name)[2] = "released"
        self.promote()

    def commit(self, name: str) -> None:
        self.line(name)[2] = "committed"

    def reduce(self, name: str, amount: int) -> None:
        self.line(name)[1] = amount
        self.promote()


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book, self.model, self.number, self.version = Book(cap=1_000), Naive(1_000), 0, 1

    def names(self) -> list[str]:
        return [line[0] for line in self.model.lines]

    @rule(amount=st.integers(1, 700), again=st.booleans())
    def submit(self, amount, again):
        self.number += 1
        for _ in range(1 + again):
            self.book.submit(str(self.number), self.number, amount)
        self.model.submit(str(self.number), amount)

    @rule(amounts=st.lists(st.integers(1, 700), min_size=2, max_size=4), data=st.data())
    def submit_out_of_order(self, amounts, data):
        numbered = [(self.number + place, amount) for place, amount in enumerate(amounts, start=1)]
        for number, amount in data.draw(st.permutations(numbered)):
            self.book.submit(str(number), number, amount)
        for number, amount in numbered:
            self.model.submit(str(number), amount)
        self.number += len(amounts)

    @precondition(lambda self: self.model.lines)
    @rule(data=st.data())
    def release(self, data):
        name = data.draw(st.sampled_from(self.names()))
        self.book.release(name)
        if self.model.line(name)[2] != "released":
            self.model.release(name)

    @precondition(lambda self: self.model.lines)
    @rule(data=st.data())
    def commit(self, data):
        name = data.draw(st.sampled_from(self.names()))
        try:
            self.book.do(decisions.commit, name, NOW)
            self.model.commit(name)
        except NotReserved:
            assert self.model.line(name)[2] in ("waiting", "released")

    @precondition(lambda self: any(line[1] > 1 and line[2] != "released" for line in self.model.lines))
    @rule(data=st.data())
    def reduce(self, data):
        line = data.draw(st.sampled_from([one for one in self.model.lines if one[1] > 1 and one[2] != "released"]))
        amount = data.draw(st.integers(1, line[1] - 1))
        self.book.do(decisions.reduce, line[0], amount, NOW)
        self.model.reduce(line[0], amount)

    @rule(cap=st.integers(1, 2_000))
    def change_cap(self, cap):
        self.version += 1
        self.book.do(decisions.adopt, rules(cap, self.version), NOW)
        if cap >= self.model.held() and cap != self.model.cap:
            self.model.cap = cap
            self.model.promote()

    @invariant()
    def the_same_standing_for_everyone(self):
        ledger = self.book.ledger
        standing = {name: str(one.standing) for name, one in ledger.reservations.items()}
        assert standing == {name: kind for name, _, kind in self.model.lines}
        assert ledger.cap_cents == self.model.cap

    @invariant()
    def counters_equal_the_sum_of_lines(self):
        ledger = self.book.ledger
        lines = ledger.reservations.values()
        assert ledger.reserved_cents == sum(one.amount_cents for one in lines if one.standing is Standing.RESERVED)
        assert ledger.committed_cents == sum(one.amount_cents for one in lines if one.standing is Standing.COMMITTED)
        assert ledger.reserved_cents + ledger.committed_cents <= ledger.cap_cents

    @invariant()
    def numbers_are_decided_without_gap(self):
        numbers = sorted(one.number for one in self.book.ledger.reservations.values())
        assert numbers == list(range(1, self.number + 1))


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=40)
