"""The ledger against a naive model, whatever the commands; the invariants are asserted at every event."""

from itertools import groupby

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.envelope.domain import decisions
from services.envelope.domain.decisions import Deposited
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Ledger
from services.envelope.domain.refusals import CommandConflict, NotReserved, NumberAlreadyDecided
from shared.contracts.values import Exhaustion
from shared.journal.head import folded
from shared.money import MAX_CENTS
from tests.unit.envelope.book import NOW, Book, alike, rules

AMOUNTS = st.integers(1, 700) | st.sampled_from((0, -1, 1_000, 1_001, MAX_CENTS + 1))


class Naive:
    """A list of lines, and a loop over it."""

    def __init__(self, cap: int) -> None:
        self.cap, self.policy, self.returns, self.kept = cap, Exhaustion.STRICT_WAITLIST, True, 0
        self.lines: list[list] = []  # [name, amount, standing]
        self.gone: set[str] = set()  # released before they were deposited

    def held(self) -> int:
        return self.kept + sum(amount for _, amount, standing in self.lines if standing in ("reserved", "committed"))

    def waiting(self) -> list[list]:
        return [line for line in self.lines if line[2] == "waiting"]

    def submit(self, name: str, amount: int) -> None:
        first = self.policy is Exhaustion.FIRST_FIT or not self.waiting()
        fits = first and self.held() + amount <= self.cap
        impossible = not 0 < amount <= self.cap
        fits = fits and not impossible
        otherwise = "refused" if impossible or self.policy is Exhaustion.CLOSE else "waiting"
        self.lines.append([name, amount, "released" if name in self.gone else "reserved" if fits else otherwise])

    def promote(self) -> None:
        for line in self.waiting():
            if self.held() + line[1] <= self.cap:
                line[2] = "reserved"
            elif self.policy is not Exhaustion.FIRST_FIT:
                return

    def line(self, name: str) -> list:
        return next(line for line in self.lines if line[0] == name)

    def release(self, name: str) -> None:
        line = self.line(name)
        self.kept += line[1] if line[2] in ("reserved", "committed") and not self.returns else 0
        line[2] = "released"
        self.promote()

    def reduce(self, name: str, amount: int) -> None:
        self.line(name)[1] = amount
        self.promote()

    def follow(self, cap: int, policy: Exhaustion, returns: bool) -> None:
        if cap >= self.held():
            self.cap, self.policy, self.returns = cap, policy, returns
            for line in self.waiting():
                line[2] = "refused" if line[1] > cap else "waiting"
            self.promote()


class Prefixes(Book):
    """A book that looks at itself after every single event."""

    def do(self, decide, *arguments) -> list:
        before, known = self.ledger, len(self.events)
        types = super().do(decide, *arguments)
        for event in self.events[known:]:
            before = before.fold(event)
            assert list(broken(before)) == []
        return types

    def submit_run(self, run: list[Deposited]) -> None:
        taken = decisions.submit_all(self.ledger, run, NOW)
        if taken is None:
            for one in run:
                self.submit(*one)
            return
        events, self.ledger = taken
        self.events.extend(events)
        assert list(broken(self.ledger)) == []


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book, self.model, self.number, self.version = Prefixes(cap=1_000), Naive(1_000), 0, 1
        self.deposited: dict[str, int] = {}

    def live(self) -> list[list]:
        return [line for line in self.model.lines if line[2] not in ("released", "refused")]

    def names(self) -> list[str]:
        return [line[0] for line in self.model.lines]

    @rule(amount=AMOUNTS, again=st.booleans())
    def submit(self, amount, again):
        self.number += 1
        for _ in range(1 + again):
            self.book.submit(str(self.number), self.number, amount)
        self.model.submit(str(self.number), amount)
        self.deposited[str(self.number)] = amount

    @rule(amounts=st.lists(AMOUNTS, min_size=2, max_size=4), data=st.data())
    def submit_out_of_order(self, amounts, data):
        numbered = [(self.number + place, amount) for place, amount in enumerate(amounts, start=1)]
        for number, amount in data.draw(st.permutations(numbered)):
            self.book.submit(str(number), number, amount)
        for number, amount in numbered:
            self.model.submit(str(number), amount)
            self.deposited[str(number)] = amount
        self.number += len(amounts)

    @rule(amounts=st.lists(st.integers(1, 200) | AMOUNTS, min_size=1, max_size=4))
    def submit_a_run(self, amounts):
        """In one step where that can be, as a batch is."""
        numbered = enumerate(amounts, start=self.number + 1)
        run = [Deposited(str(number), number, amount) for number, amount in numbered]
        self.book.submit_run(run)
        for name, _, amount in run:
            self.model.submit(name, amount)
            self.deposited[name] = amount
        self.number += len(run)

    @precondition(lambda self: self.deposited)
    @rule(data=st.data())
    def submit_what_was_deposited_before(self, data):
        name, amount = data.draw(st.sampled_from(sorted(self.deposited.items())))
        assert self.book.submit(name, int(name), amount) == []

    @precondition(lambda self: self.deposited)
    @rule(data=st.data(), kind=st.sampled_from(["amount", "number", "name"]))
    def contradict_what_was_deposited(self, data, kind):
        name, amount = data.draw(st.sampled_from(sorted(self.deposited.items())))
        conflicting = {
            "amount": (name, int(name), amount + 1),
            "number": (name, int(name) + 1, amount),
            "name": ("another", int(name), amount),
        }
        try:
            self.book.submit(*conflicting[kind])
            raise AssertionError("a contradiction was taken")
        except (CommandConflict, NumberAlreadyDecided):
            pass

    @rule()
    def release_before_the_deposit(self):
        name = str(self.number + 1)
        self.book.release(name)
        self.model.gone.add(name)

    @precondition(lambda self: self.model.lines)
    @rule(data=st.data())
    def release(self, data):
        name = data.draw(st.sampled_from(self.names()))
        self.book.release(name)
        if self.model.line(name) in self.live():
            self.model.release(name)

    @precondition(lambda self: self.model.lines)
    @rule(data=st.data())
    def commit(self, data):
        name = data.draw(st.sampled_from(self.names()))
        try:
            self.book.do(decisions.commit, name, NOW)
            self.model.line(name)[2] = "committed"
        except NotReserved:
            assert self.model.line(name)[2] in ("waiting", "released", "refused")

    @precondition(lambda self: any(line[1] > 1 for line in self.live()))
    @rule(data=st.data())
    def reduce(self, data):
        line = data.draw(st.sampled_from([one for one in self.live() if one[1] > 1]))
        amount = data.draw(st.integers(1, line[1] - 1))
        self.book.do(decisions.reduce, line[0], amount, NOW)
        self.model.reduce(line[0], amount)

    @rule(cap=st.integers(1, 2_000), policy=st.sampled_from(Exhaustion), returns=st.booleans())
    def change_rules(self, cap, policy, returns):
        self.version += 1
        changed = rules(cap, self.version, on_exhaustion=policy, released_amounts_return=returns)
        self.book.do(decisions.adopt, changed, NOW)
        self.model.follow(cap, policy, returns)

    @invariant()
    def the_same_standing_and_amount_for_everyone(self):
        ledger = self.book.ledger
        lines = {name: [name, one.amount_cents, str(one.standing)] for name, one in ledger.reservations.items()}
        assert lines == {line[0]: line for line in self.model.lines}
        assert ledger.exhausted or not ledger.waiting
        assert ledger.cap_cents == self.model.cap
        assert ledger.available_cents == self.model.cap - self.model.held()

    def teardown(self):
        replayed = Ledger()
        for event in self.book.events:
            replayed = replayed.fold(event)
        assert replayed == self.book.ledger
        by_column = Ledger()
        for _, run in groupby(self.book.events, key=type):
            by_column = folded(by_column, [alike(*run)])
        assert by_column == replayed


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=40)
