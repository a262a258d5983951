"""The single writer: the one way into the ledger's stream, fenced by epoch commits (docs/adr/0003)."""

import os
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from services.envelope.domain import decisions, moments
from services.envelope.domain.ledger import Ledger
from shared.clock import Clock
from shared.events import Cause, Event
from shared.ids import new_id
from shared.journal import Appended, AppendedAll, AtOnce, DecideEach, Journal

log = structlog.get_logger(__name__)

EX_FENCED = 86
Decide = Callable[[Ledger], Sequence[Event]]


def leave(code: int) -> None:
    """End the process at once: a fenced writer may not even clean up."""
    os._exit(code)


class Writer:
    """Appends to ledgers under this process's epoch, which every commit says.

    The first command of a campaign takes over with an epoch commit. From then on a commit of another epoch means
    that another process took over: this one exits with EX_FENCED before it decides anything.
    """

    def __init__(self, ledgers: Journal[Ledger], clock: Clock, stop: Callable[[int], None] = leave) -> None:
        self.id = new_id()
        self._ledgers = ledgers
        self._clock = clock
        self._stop = stop
        self._taken: set[str] = set()
        self._epochs: dict[str, int] = {}
        ledgers.epoch_of = lambda campaign_id: self._epochs.get(campaign_id, 0)

    @property
    def campaigns(self) -> frozenset[str]:
        """The campaigns this process writes."""
        return frozenset(self._taken)

    async def append(self, campaign_id: str, decide: Decide, cause: Cause) -> Appended[Ledger]:
        """Decide under our epoch and the rules due by now. Raises what `decide` raises; does not return when fenced."""
        return (await self.append_all(campaign_id, [cause], lambda _, ledger: decide(ledger))).only()

    async def append_all(
        self,
        campaign_id: str,
        causes: Sequence[Cause],
        decide: DecideEach[Ledger],
        at_once: AtOnce[Ledger] | None = None,
    ) -> AppendedAll[Ledger]:
        """The same for several commands in one commit; a refusal is its own outcome only. `at_once` takes them in one
        step, where this process writes already and nothing is due.
        """
        fenced = partial(self._fenced, campaign_id, decide)
        together = partial(self._together, at_once) if at_once is not None else None
        done = await self._ledgers.append_all(campaign_id, causes, fenced, together)
        if done.state.writer == self.id and not all(isinstance(one, Exception) for one in done.outcomes):
            self._taken.add(campaign_id)
        return done

    def _together(self, at_once: AtOnce[Ledger], ledger: Ledger) -> tuple[Sequence[Event], Ledger] | None:
        ours = ledger.writer == self.id and not ledger.scheduled and not ledger.interruptions
        return at_once(ledger) if ours else None

    def _fenced(self, campaign_id: str, each: DecideEach[Ledger], place: int, ledger: Ledger) -> Sequence[Event]:
        """What a command decides on a ledger that is this process's; first the epoch, where it takes over."""
        decide = partial(each, place)
        if ledger.writer == self.id:
            return self._under_due_rules(ledger, decide)
        if campaign_id in self._taken:
            self._leave(campaign_id, ledger)
        epoch = decisions.begin_epoch(ledger, self.id, self._clock.now())
        begun = ledger.fold(epoch[0])
        self._epochs[campaign_id] = begun.epoch
        return [*epoch, *self._under_due_rules(begun, decide)]

    def _under_due_rules(self, ledger: Ledger, decide: Decide) -> Sequence[Event]:
        """What is due by now is in force for the command, whether or not anybody looked before it."""
        if not (ledger.scheduled or ledger.interruptions):
            return decide(ledger)
        due = moments.follow_due(ledger, self._clock.now())
        for event in due:
            ledger = ledger.fold(event)
        return [*due, *decide(ledger)]

    def _leave(self, campaign_id: str, ledger: Ledger) -> None:
        log.critical("fenced", campaign=campaign_id, epoch=ledger.epoch, exit_code=EX_FENCED)
        self._stop(EX_FENCED)
