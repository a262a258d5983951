"""The review of one dossier, folded from everything known of it. No I/O, no clock."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.instruction.domain.facts import (
    CriteriaAssessed,
    DiligenceRecorded,
    EligibilityExamined,
    EligibilityResolved,
    OvertakingRecorded,
    ReviewAssigned,
    SuspicionReported,
)
from shared.contracts.envelope import Promoted, Released, ReservationRefused, Reserved
from shared.contracts.instruction import (
    PROFILE_TOPIC,
    REVIEW_TOPIC,
    CommitteeOpinionGiven,
    DossierDeemedComplete,
    DossierFoundIneligible,
    Opinion,
    ReviewStarted,
    RiskProfileRecorded,
    SentToCommittee,
    SupplementRequested,
)
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced, SupplementLodged
from shared.contracts.values import Loan, StoredDocument
from shared.events import Event
from shared.journal import StreamKind


class ReviewStage(StrEnum):
    """Where a review stands; labels in LABELS."""

    WAITING = "waiting"
    TO_ASSIGN = "to_assign"
    UNDER_REVIEW = "under_review"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    DEEMED_COMPLETE = "deemed_complete"
    IN_COMMITTEE = "in_committee"
    FAVOURABLE = "favourable"
    UNFAVOURABLE = "unfavourable"
    INELIGIBLE = "ineligible"
    CLOSED = "closed"


LABELS = {
    ReviewStage.WAITING: "Sans réservation",
    ReviewStage.TO_ASSIGN: "À attribuer",
    ReviewStage.UNDER_REVIEW: "En instruction",
    ReviewStage.SUPPLEMENT_REQUESTED: "Complément attendu",
    ReviewStage.DEEMED_COMPLETE: "Réputé complet",
    ReviewStage.IN_COMMITTEE: "En commission",
    ReviewStage.FAVOURABLE: "Avis favorable",
    ReviewStage.UNFAVOURABLE: "Avis défavorable",
    ReviewStage.INELIGIBLE: "Inéligible",
    ReviewStage.CLOSED: "Clos",
}


STAGES_BEFORE_OPINION = frozenset(
    {
        ReviewStage.TO_ASSIGN,
        ReviewStage.UNDER_REVIEW,
        ReviewStage.SUPPLEMENT_REQUESTED,
        ReviewStage.DEEMED_COMPLETE,
        ReviewStage.IN_COMMITTEE,
    }
)


@dataclass(frozen=True, slots=True)
class Review:
    """`reserved`: the dossier holds a place in the envelope; without one it is not instructed."""

    submitted: DossierSubmitted | None = None
    loans: tuple[Loan, ...] = ()
    reserved: bool = False
    closed: str | None = None
    assignee: str | None = None
    started: bool = False
    supplement: SupplementRequested | None = None
    supplements: int = 0
    supplement_answers: tuple[SupplementLodged, ...] = ()
    complete: bool = False
    eligibility: EligibilityExamined | None = None
    resolutions: tuple[EligibilityResolved, ...] = ()
    ineligible: bool = False
    diligence: DiligenceRecorded | None = None
    criteria: CriteriaAssessed | None = None
    rated: bool = False
    in_committee: bool = False
    overtaking: OvertakingRecorded | None = None
    opinion: CommitteeOpinionGiven | None = None

    @property
    def documents(self) -> tuple[StoredDocument, ...]:
        """Those of the deposit, then those that answered a supplement request."""
        deposited = self.submitted.documents if self.submitted else ()
        return deposited + tuple(document for answer in self.supplement_answers for document in answer.documents)

    @property
    def stage(self) -> ReviewStage:
        if self.opinion is not None:
            favourable = self.opinion.opinion is Opinion.FAVOURABLE
            return ReviewStage.FAVOURABLE if favourable else ReviewStage.UNFAVOURABLE
        for holds, stage in (
            (self.ineligible, ReviewStage.INELIGIBLE),
            (self.closed is not None, ReviewStage.CLOSED),
            (not self.reserved, ReviewStage.WAITING),
            (self.in_committee, ReviewStage.IN_COMMITTEE),
            (self.complete, ReviewStage.DEEMED_COMPLETE),
            (self.supplement is not None, ReviewStage.SUPPLEMENT_REQUESTED),
            (self.started, ReviewStage.UNDER_REVIEW),
        ):
            if holds:
                return stage
        return ReviewStage.TO_ASSIGN

    def fold(self, event: Event) -> "Review":
        match event:
            case DossierSubmitted():
                return replace(self, submitted=event, loans=self.loans or event.loans)
            case LoansReduced(loans=loans):
                return replace(self, loans=loans)
            case Reserved() | Promoted():
                return replace(self, reserved=True)
            case DossierWithdrawn() | Released() | ReservationRefused():
                return replace(self, closed=self.closed or type(event).__name__)
            case ReviewAssigned(assignee=assignee):
                return replace(self, assignee=assignee)
            case ReviewStarted():
                return replace(self, started=True)
            case SupplementRequested():
                return replace(self, supplement=event, supplements=self.supplements + 1)
            case SupplementLodged(request_id=request_id):
                awaited = self.supplement if self.supplement and self.supplement.request_id != request_id else None
                return replace(self, supplement=awaited, supplement_answers=(*self.supplement_answers, event))
            case _:
                return self._fold_judgement(event)

    def _fold_judgement(self, event: Event) -> "Review":
        match event:
            case DossierDeemedComplete():
                return replace(self, complete=True)
            case EligibilityExamined():
                # What persons decided belonged to the verdicts they read.
                return replace(self, eligibility=event, resolutions=())
            case EligibilityResolved(rule_id=rule_id):
                others = tuple(one for one in self.resolutions if one.rule_id != rule_id)
                return replace(self, resolutions=(*others, event))
            case DossierFoundIneligible():
                return replace(self, ineligible=True)
            case DiligenceRecorded():
                return replace(self, diligence=event)
            case CriteriaAssessed():
                return replace(self, criteria=event)
            case ProfileRated():
                return replace(self, rated=True)
            case SentToCommittee():
                return replace(self, in_committee=True)
            case OvertakingRecorded():
                return replace(self, overtaking=event)
            case CommitteeOpinionGiven():
                return replace(self, opinion=event)
            case _:
                return self


class ProfileRated(Event):
    """The confidential profile exists; what it says is in its own stream."""

    dossier_id: str


KIND = StreamKind("review", Review(), frozenset({REVIEW_TOPIC}))


@dataclass(frozen=True, slots=True)
class Profile:
    """The confidential risk profile (DOMAIN rule 11)."""

    recorded: RiskProfileRecorded | None = None

    def fold(self, event: Event) -> "Profile":
        return replace(self, recorded=event) if isinstance(event, RiskProfileRecorded) else self


PROFILE_KIND = StreamKind("profile", Profile(), frozenset({PROFILE_TOPIC}))


@dataclass(frozen=True, slots=True)
class Suspicions:
    """Reports under L.561-15, for compliance only."""

    reports: tuple[SuspicionReported, ...] = ()

    def fold(self, event: Event) -> "Suspicions":
        return replace(self, reports=(*self.reports, event)) if isinstance(event, SuspicionReported) else self


SUSPICION_KIND = StreamKind("suspicion", Suspicions())
