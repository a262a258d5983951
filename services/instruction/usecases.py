"""What instruction does: load, one domain decision, append."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.instruction import store
from services.instruction.domain import committee, decisions
from services.instruction.domain.eligibility import RuleSet
from services.instruction.domain.facts import Assessment, DiligenceRecorded, SuspicionReported
from services.instruction.domain.review import Profile, Review, Suspicions
from shared.clock import Clock
from shared.contracts.instruction import Opinion, RiskProfileRecorded
from shared.documents import Documents
from shared.errors import NotFound
from shared.events import Cause, Event, MessageMeta
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Instruction:
    """The use cases with what they need; `rules` is the set in force."""

    reviews: Journal[Review]
    profiles: Journal[Profile]
    suspicions: Journal[Suspicions]
    view: Documents
    rules: RuleSet
    clock: Clock

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What another service announced about a dossier."""
        await self.reviews.append(event.dossier_id, lambda _: [event], meta.cause("instruction"))

    async def review(self, dossier_id: str) -> Review:
        found = (await self.reviews.load(dossier_id)).state
        if found.submitted is None:
            raise NotFound("Dossier inconnu.")
        return found

    async def profile(self, dossier_id: str) -> Profile:
        return (await self.profiles.load(dossier_id)).state

    async def _decide(self, dossier_id: str, decide: Callable[[Review], Sequence[Event]], cause: Cause) -> Review:
        return (await self.reviews.append(dossier_id, decide, cause)).state

    async def assign(self, dossier_id: str, assignee: str, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(
            dossier_id, lambda review: decisions.assign(review, assignee, cause.actor, now), cause
        )

    async def request_supplement(self, dossier_id: str, message: str, due_days: int, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(
            dossier_id, lambda review: decisions.request_supplement(review, message, due_days, now), cause
        )

    async def deem_complete(self, dossier_id: str, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(dossier_id, lambda review: decisions.deem_complete(review, now), cause)

    async def examine(self, dossier_id: str, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(dossier_id, lambda review: decisions.examine(review, self.rules, now), cause)

    async def resolve(self, dossier_id: str, rule_id: str, eligible: bool, reason: str, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(
            dossier_id, lambda review: decisions.resolve(review, rule_id, eligible, reason, cause.actor, now), cause
        )

    async def find_ineligible(self, dossier_id: str, reasons: Sequence[str], cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(dossier_id, lambda review: decisions.find_ineligible(review, reasons, now), cause)

    async def record_diligence(self, recorded: DiligenceRecorded, cause: Cause) -> Review:
        return await self._decide(
            recorded.dossier_id, lambda review: committee.record_diligence(review, recorded), cause
        )

    async def assess(self, dossier_id: str, assessments: Sequence[Assessment], cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(
            dossier_id, lambda review: committee.assess(review, assessments, cause.actor, now), cause
        )

    async def rate(self, recorded: RiskProfileRecorded, cause: Cause) -> Review:
        """The profile goes to its own stream first, then the review notes that there is one."""
        committee.check_profile(await self.review(recorded.dossier_id), recorded)
        await self.profiles.append(
            recorded.dossier_id, lambda profile: committee.record_profile(profile, recorded), cause
        )
        return await self._decide(recorded.dossier_id, committee.note_rated, cause)

    async def send_to_committee(self, dossier_id: str, cause: Cause) -> Review:
        now = self.clock.now()
        return await self._decide(dossier_id, lambda review: committee.send_to_committee(review, now), cause)

    async def give_opinion(
        self, dossier_id: str, opinion: Opinion, session_date: date, reason: str, order_reason: str, cause: Cause
    ) -> Review:
        now, submitted = self.clock.now(), (await self.review(dossier_id)).submitted
        assert submitted is not None
        overtaken = await store.unexamined_before(self.view, submitted.campaign_id, submitted.deposit_number)
        return await self._decide(
            dossier_id,
            lambda state: committee.give_opinion(state, opinion, session_date, reason, overtaken, order_reason, now),
            cause,
        )

    async def report_suspicion(self, dossier_id: str, text: str, cause: Cause) -> Suspicions:
        await self.review(dossier_id)
        report = SuspicionReported(
            dossier_id=dossier_id, text=text, reported_by=cause.actor, reported_at=self.clock.now()
        )
        return (await self.suspicions.append(dossier_id, lambda _: [report], cause)).state

    async def suspicions_of(self, dossier_id: str) -> Suspicions:
        await self.review(dossier_id)
        return (await self.suspicions.load(dossier_id)).state
