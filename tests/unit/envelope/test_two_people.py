"""Two people's acts on a campaign, from the proposal to the ledger, at the moment they stated."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.envelope.api import ProposalRequest, TwoMoments, detail_of, rules_of
from services.envelope.domain import campaign, ledger
from services.envelope.domain.campaign import Action, MomentPassed
from services.envelope.usecases import Deposit, Envelope
from services.envelope.writer import Writer
from shared.documents import MemoryDocuments
from shared.events import MessageMeta
from shared.journal import Commit, Journal
from tests.counter import START, FixedClock, cause
from tests.unit.envelope.book import NOW, rules

ONE, TWO = cause()._replace(actor="user:one"), cause()._replace(actor="user:two")
LATER = NOW + timedelta(days=1)


class Office:
    """The envelope on memory; what two people decide is heard at once."""

    def __init__(self) -> None:
        self.clock, self.heard = FixedClock(NOW), 0
        self.proposals, self.ledgers = MemoryDocuments(), MemoryDocuments()
        self.decided, self.recorded = list[Commit](), list[Commit]()
        self.restart()

    def restart(self) -> None:
        ledgers = Journal(ledger.KIND, self.ledgers, self.clock, self._keeping(self.recorded))
        self.envelope = Envelope(
            ledgers=ledgers,
            campaigns=Journal(campaign.KIND, self.proposals, self.clock, self._keeping(self.decided)),
            writer=Writer(ledgers, self.clock),
            campaign_id="c",
            known=MemoryDocuments(),
            clock=self.clock,
        )

    def _keeping(self, commits: list[Commit]):
        async def on_commit(commit: Commit, *_) -> None:
            commits.append(commit)

        return on_commit

    async def hear(self, event) -> None:
        self.heard += 1
        name = type(event).__name__
        meta = MessageMeta(f"test#{self.heard}.1", name, 1, "test", self.heard, self.heard, START, "c0ffee")
        await self.envelope.command(event, meta)

    async def agree(self, action: Action, given=None, effective_at=None) -> None:
        made = await self.envelope.propose("c", action, given, "essai", ONE, effective_at)
        await self.envelope.approve("c", made.proposal_id, TWO)
        (entry,) = self.decided[-1].decoded()
        await self.hear(entry.events[-1])

    def types(self) -> list[str]:
        entries = [entry for commit in self.recorded for entry in commit.decoded()]
        return [type(event).__name__ for entry in entries for event in entry.events]


async def test_an_interruption_takes_effect_at_its_stated_moment_although_the_service_was_down_across_it():
    office = Office()
    await office.agree(Action.RULES, rules())
    await office.agree(Action.SUSPEND, effective_at=LATER)
    await office.agree(Action.CLOSE, effective_at=LATER + timedelta(days=1))
    office.clock.moment = LATER - timedelta(microseconds=1)
    await office.envelope.follow_due_rules(holding=True)
    assert office.types() == ["EpochBegan", "CampaignOpened", "InterruptionScheduled", "InterruptionScheduled"]
    office.clock.moment = LATER + timedelta(hours=5)
    office.restart()
    await office.envelope.follow_due_rules(holding=True)
    assert office.types()[4:] == ["EpochBegan", "InterruptionDue", "CampaignSuspended"]
    (entry,) = office.recorded[-1].decoded()
    assert entry.events[-1].suspended_at == LATER  # pyright: ignore[reportAttributeAccessIssue]
    shown = detail_of("c", *await office.envelope.campaign("c"))
    assert [(one.action, one.effective_at) for one in shown.scheduled] == [(Action.CLOSE, LATER + timedelta(days=1))]
    assert [one.effective_at for one in shown.proposals if one.action is Action.SUSPEND] == [LATER]


async def test_a_moment_that_passed_before_the_second_person_came_is_refused_and_decides_nothing():
    office = Office()
    await office.agree(Action.RULES, rules())
    made = await office.envelope.propose("c", Action.CLOSE, None, "fin", ONE, LATER)
    office.clock.moment = LATER + timedelta(microseconds=1)
    with pytest.raises(MomentPassed):
        await office.envelope.approve("c", made.proposal_id, TWO)
    with pytest.raises(MomentPassed):
        await office.envelope.propose("c", Action.CLOSE, None, "fin", ONE, LATER)
    shown = detail_of("c", *await office.envelope.campaign("c"))
    assert {one.action: one.approved for one in shown.proposals} == {Action.RULES: True, Action.CLOSE: False}


async def test_rules_the_ledger_refuses_are_told_to_people_and_to_operations():
    office = Office()
    await office.agree(Action.RULES, rules())
    await office.agree(Action.RULES, rules(400, effective_at=LATER))
    await office.hear(Deposit(campaign_id="c", dossier_id="a", deposit_number=1, principal_cents=500))
    assert REGISTRY.get_sample_value("als_rules_refused", {"campaign": "c"}) == 0
    office.clock.moment = LATER
    with capture_logs() as logs:
        await office.envelope.follow_due_rules(holding=True)
    assert {"event": "rules_refused", "campaign": "c", "version": 2, "reason": "cap-below-engaged"} in [
        {name: value for name, value in line.items() if name != "log_level"} for line in logs
    ]
    assert REGISTRY.get_sample_value("als_rules_refused", {"campaign": "c"}) == 1
    refused = detail_of("c", *await office.envelope.campaign("c")).refused_rules
    assert refused is not None
    assert (refused.rules_version, refused.cap_cents, refused.effective_at) == (2, 400, LATER)
    await office.agree(Action.RULES, rules(500, effective_at=LATER))
    assert REGISTRY.get_sample_value("als_rules_refused", {"campaign": "c"}) == 0


def test_rules_say_themselves_when_they_take_effect():
    given = {"label": "Essai", "cap_cents": 1, "opens_at": NOW, "effective_at": NOW}
    body = ProposalRequest.model_validate({"action": "rules", "rules": given, "reason": "essai", "effective_at": NOW})
    with pytest.raises(TwoMoments):
        rules_of("c", body)
