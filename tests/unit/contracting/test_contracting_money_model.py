"""Whatever the bank tells and people enter, match, file and return, in whatever order, no cent is in two places."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.contracting.domain.facts import Direction
from services.contracting.domain.payment import Payment, Queue
from shared.errors import Refusal
from tests.unit.contracting.cases import sent
from tests.unit.contracting.office import ACTOR, SECOND, Office
from tests.unit.contracting.papers import PAYER, REFERENCE, Line, camt
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY
from tests.unit.contracting.test_contracting_crossing import SlowDocuments
from tests.unit.contracting.test_contracting_money import WITHDRAWN

AMOUNTS = (PREMIUM_CENTS, PREMIUM_CENTS // 2, PREMIUM_CENTS - PREMIUM_CENTS // 2, PREMIUM_CENTS + 500)
SIGHTS: list[dict[str, Any]] = [
    {"reference": REFERENCE},
    {"reference": "", "payer": PAYER},
    {"reference": "", "payer": "Inconnu"},
]


@dataclass
class Transfer:
    """Money that really came; `left` is what the account still has of it. Everybody names the money `number`."""

    number: int
    cents: int
    sight: dict[str, Any]
    left: int = field(init=False)
    told: bool = False
    entered: bool = False

    def __post_init__(self) -> None:
        self.left = self.cents


class World:
    """The account as it is, the office as it hears of it, and an accountant who knows which money is which."""

    def __init__(self) -> None:
        commits = SlowDocuments()
        self.office, commits.turns = Office(commits=commits), 3
        self.transfers: list[Transfer] = []
        self.money: dict[str, Transfer] = {}
        self.statements = 0
        self.ended = False

    async def tell(self, line: Line, transfer: Transfer) -> None:
        self.statements += 1
        content = camt(line, number=f"S{self.statements}", opening=await self.office.opening()).encode()
        try:
            await self.office.statements.take(content, "application/xml", ACTOR)
        finally:
            async for row in self.office.view("payment").find({"bank_reference": line.entry_id}):
                self.money[row["payment_id"]] = transfer

    async def states(self) -> dict[str, Payment]:
        return {name: (await self.office.received.load(name)).state for name in self.money}

    # -- what may happen -----------------------------------------------------------------------------------------------

    async def come(self, pick: int) -> None:
        sight = SIGHTS[pick // len(AMOUNTS) % len(SIGHTS)]
        self.transfers.append(Transfer(len(self.transfers), AMOUNTS[pick % len(AMOUNTS)], sight))

    async def told(self, pick: int) -> None:
        """The bank tells of a transfer; again, in another statement, when it did already."""
        if not self.transfers:
            await self.come(pick)
        one = self.transfers[pick % len(self.transfers)]
        one.told = True
        await self.tell(Line(one.cents, f"C{one.number}", end_to_end=f"E{one.number}", **one.sight), one)

    async def entered(self, pick: int) -> None:
        """Nobody enters money that went back before."""
        if not self.transfers:
            await self.come(pick)
        one = self.transfers[pick % len(self.transfers)]
        if one.left < one.cents:
            return
        self.money[f"h{one.number}"] = one
        await self.office.payments.record(f"h{one.number}", REFERENCE, one.cents, TODAY, ACTOR)

    async def confirmed(self, pick: int) -> None:
        """Nobody finds money that is not there any more."""
        rows = [name for name, one in (await self.states()).items() if one.to_confirm and one.queue]
        rows = [name for name in rows if self.money[name].left == self.money[name].cents]
        if rows:
            name = rows[pick % len(rows)]
            self.money[name].entered = True
            await self.office.payments.confirm(name, SECOND)

    async def crossed(self, pick: int) -> None:
        """A second person finds money while the bank tells of it."""
        both = self.confirmed(pick), self.told(pick)
        for failure in await asyncio.gather(*both, return_exceptions=True):
            if isinstance(failure, BaseException) and not isinstance(failure, Refusal):
                raise failure

    async def cut_off(self, pick: int) -> None:
        """The bank tells of a transfer, or takes it back, and an outage comes before the dossier says so."""
        with pytest.MonkeyPatch.context() as patch, suppress(ConnectionAbortedError):
            patch.setattr(self.office.engagements, "append", _fail)
            await (self.reversed(pick) if pick % 3 == 2 else self.told(pick))

    async def reversed(self, pick: int) -> None:
        there = [one for one in self.transfers if one.left and one.told]
        if there:
            one = there[pick % len(there)]
            cents, one.left = one.left, 0
            end_to_end = f"E{one.number}"
            await self.tell(Line(cents, f"R{one.number}", sign="DBIT", end_to_end=end_to_end, reversal=True), one)

    async def filed(self, pick: int) -> None:
        """Held and unknown money is never filed unlooked at."""
        rows = [name for name, one in (await self.states()).items() if one.booked and one.queue]
        if rows:
            await self.office.payments.dismiss(rows[pick % len(rows)], "Contrôlé", ACTOR)

    async def return_decided(self, pick: int) -> None:
        rows = [name for name, one in (await self.states()).items() if one.booked and self.money[name].left]
        if rows:
            await self.office.refunds.decide_return(rows[pick % len(rows)], "Restitution", ACTOR)

    async def return_withdrawn(self, pick: int) -> None:
        rows = [name for name, one in (await self.states()).items() if one.to_return]
        if rows:
            await self.office.refunds.withdraw_return(rows[pick % len(rows)], "À garder", ACTOR)

    async def time_passes(self, _: int) -> None:
        await self.office.statements.finish_interrupted()
        await self.office.payments.finish_interrupted()
        await self.office.refunds.finish_interrupted()
        await self.office.refunds.note_ends()

    async def return_made(self, pick: int) -> None:
        """The money leaves, it is recorded, and sooner or later the bank tells its debit."""
        states = await self.states()
        rows = [name for name, one in states.items() if one.to_return and self.money[name].left >= one.left_cents]
        if not rows:
            return
        name = rows[pick % len(rows)]
        decided, one = states[name].to_return, self.money[name]
        assert decided is not None
        one.left -= decided.amount_cents
        made = f"V{name}-{decided.return_id}"
        debit = Line(decided.amount_cents, f"D{made}", sign="DBIT", reference=REFERENCE if pick % 2 else "")
        if pick % 3:
            await self.office.refunds.record_return(name, TODAY, made, ACTOR)
        if pick % 3 != 1:
            await self.tell(debit, one)

    async def looked_at(self, pick: int) -> None:
        """The accountant, who knows which money is which, takes one entry of the unknown and the duplicates."""
        waiting = (Queue.UNKNOWN, Queue.DUPLICATE)
        states = await self.states()
        rows = [name for name, one in states.items() if one.queue in waiting]
        if not rows:
            return
        name = rows[pick % len(rows)]
        received = states[name].received
        assert received is not None
        counted = [other for other, one in states.items() if one.booked and self.money[other] is self.money[name]]
        if received.direction is Direction.CREDIT:
            if counted:
                await self.office.payments.dismiss(name, "Déjà compté", ACTOR)
            else:
                await self.office.payments.match(name, DOSSIER, ACTOR)
        elif counted:
            await self.office.refunds.apply_debit(name, counted[0], ACTOR)
        else:
            credit = next(
                other
                for other, one in states.items()
                if self.money[other] is self.money[name]
                and one.queue in waiting
                and one.received
                and one.received.direction is Direction.CREDIT
            )
            await self.office.payments.match(credit, DOSSIER, ACTOR)

    async def withdrawn(self, _: int) -> None:
        self.ended = True
        await self.office.happen([WITHDRAWN])

    # -- what always holds ---------------------------------------------------------------------------------------------

    async def hold(self) -> None:
        dossier, states = await self.office.engagement(), await self.states()
        for name, one in states.items():
            lines = [line.amount_cents for line in dossier.account.payments if line.payment_id == name]
            assert one.received is not None
            assert lines == ([one.received.amount_cents] if one.booked else [])
            counted = sum(lines) - dossier.account.gone_cents(name)
            returned = sum(gone.amount_cents for gone in one.returned)
            assert counted >= 0
            assert counted + returned <= one.received.amount_cents
            assert counted == (one.left_cents if one.booked else 0)
        assert dossier.paid_cents == sum(one.left_cents for one in states.values() if one.booked)
        # The two streams tell the same promises, and no promised cent pays the premium.
        decided = {name: one.to_return.amount_cents for name, one in states.items() if one.booked and one.to_return}
        assert decided == {one.payment_id: one.amount_cents for one in dossier.account.standing}
        kept = dossier.paid_cents - sum(decided.values())
        assert dossier.paid is None or kept >= PREMIUM_CENTS
        assert self.ended or (dossier.paid is not None) == (kept >= PREMIUM_CENTS)
        owed = 0 if self.ended else min(kept, PREMIUM_CENTS)
        assert dossier.to_return_cents == dossier.paid_cents - owed

    async def settle(self) -> None:
        """Everything that waits for a person is looked at; what is counted is what is there of what was heard of."""
        for row in await self.office.queue("to_confirm"):
            one = self.money[row["payment_id"]]
            if one.left == one.cents:
                one.entered = True
                await self.office.payments.confirm(row["payment_id"], SECOND)
            else:
                await self.office.payments.dismiss(row["payment_id"], "Introuvable", ACTOR)
            await self.hold()
        await self.time_passes(0)
        while await self.office.queue("unknown") or await self.office.queue("duplicate"):
            await self.looked_at(0)
            await self.hold()
        await self.time_passes(0)
        await self.hold()
        if self.ended:
            states = (await self.states()).items()
            # What is filed is done with, unless it was promised back before.
            open_ = {name: one for name, one in states if one.to_return or not one.dismissed}
            due = {name for name, one in open_.items() if one.booked and one.left_cents}
            assert due == {row["payment_id"] for row in await self.office.queue("to_return")}
        heard = [one for one in self.transfers if one.told or one.entered]
        assert (await self.office.engagement()).paid_cents == sum(one.left for one in heard)


ACTIONS = (
    *("come", "told", "told", "entered", "reversed", "filed"),
    *("confirmed", "confirmed", "return_decided", "return_made", "return_withdrawn"),
    *("looked_at", "withdrawn", "time_passes", "crossed", "cut_off"),
)


async def _fail(*_: Any) -> None:
    raise ConnectionAbortedError


@example([("withdrawn", 0), ("told", 0), ("filed", 0), ("return_decided", 0)])
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 11)), min_size=4, max_size=20))
def test_no_cent_is_counted_twice_and_what_goes_back_is_what_is_not_kept(steps):
    async def play() -> None:
        world = World()
        await world.office.know(sent())
        for action, pick in steps:
            with suppress(Refusal):
                await getattr(world, action)(pick)
            await world.hold()
        await world.settle()

    asyncio.run(play())
