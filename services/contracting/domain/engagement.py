"""The engagement of one dossier, folded from everything known of it. No I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.contracting.domain.facts import (
    ActeAcknowledged,
    ActeDelivered,
    ActePrepared,
    BoardAdjourned,
    EngagementScreened,
    Purpose,
    SignedConventionChecked,
)
from services.contracting.domain.premium_account import KEPT as MONEY
from services.contracting.domain.premium_account import NO_MONEY, PremiumAccount
from services.contracting.domain.refusals import EngagementEnded
from services.contracting.domain.returned import Outcome, SignedReturnExamined
from services.contracting.domain.states import EngagementState, ended_by
from shared.calendar import end_of_day
from shared.contracts.contracting import (
    ENGAGEMENT_TOPIC,
    ActeTransmitted,
    BoardConfirmed,
    BoardRefused,
    ConventionSent,
    ConventionSigned,
    Engaged,
    PremiumPaid,
)
from shared.contracts.envelope import Committed
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion
from shared.contracts.intake import DossierSubmitted, LoansReduced, SignedConventionLodged
from shared.contracts.pricing import OfferAccepted, OfferIssued, OfferSuperseded
from shared.contracts.values import Loan, StoredDocument
from shared.events import Event
from shared.journal import StreamKind


class EngagementDocument(StrEnum):
    """The documents of an engagement; the signed convention is the return that was accepted, the last one before."""

    CONVENTION = "convention"
    PREMIUM_CALL = "premium_call"
    SIGNED_CONVENTION = "signed_convention"
    ACTE = "acte"


# The facts that are kept as they came, the latest of each.
KEPT: dict[type[Event], str] = {
    BoardConfirmed: "board",
    BoardRefused: "board",
    BoardAdjourned: "adjourned",
    Engaged: "engaged",
    Committed: "committed",
    SignedReturnExamined: "examined",
    SignedConventionChecked: "checked",
    ConventionSigned: "signed",
    PremiumPaid: "paid",
    ActePrepared: "prepared",
    ActeTransmitted: "transmitted",
    ActeAcknowledged: "acknowledged",
}


@dataclass(frozen=True, slots=True)
class Engagement:
    """What contracting knows of a dossier. `convention_loans` are the lines the sent convention covers.

    `issued` is the offer that stands, `offers` are all of them; the first acceptance counts, whatever comes after.
    """

    submitted: DossierSubmitted | None = None
    loans: tuple[Loan, ...] = ()
    reduced_at: datetime | None = None
    favourable: CommitteeOpinionGiven | None = None
    issued: OfferIssued | None = None
    offers: tuple[OfferIssued, ...] = ()
    accepted: OfferAccepted | None = None
    board: BoardConfirmed | BoardRefused | None = None
    adjourned: BoardAdjourned | None = None
    engaged: Engaged | None = None
    committed: Committed | None = None
    convention_screening: EngagementScreened | None = None
    acte_screening: EngagementScreened | None = None
    convention: ConventionSent | None = None
    convention_loans: tuple[Loan, ...] = ()
    lodged: SignedConventionLodged | None = None
    examined: SignedReturnExamined | None = None
    checked: SignedConventionChecked | None = None
    signed: ConventionSigned | None = None
    account: PremiumAccount = NO_MONEY
    paid: PremiumPaid | None = None
    prepared: ActePrepared | None = None
    deliveries: tuple[ActeDelivered, ...] = ()
    transmitted: ActeTransmitted | None = None
    acknowledged: ActeAcknowledged | None = None
    end: EngagementState | None = None

    @property
    def state(self) -> EngagementState:
        """The furthest thing that is true; a transmitted acte holds whatever comes after it."""
        reached = (
            (self.transmitted, EngagementState.ACTE_TRANSMITTED),
            (self.end, self.end),
            (self.prepared, EngagementState.ACTE_PREPARED),
            (self.signed and self.paid, EngagementState.ACTE_DUE),
            (self.signed, EngagementState.CONVENTION_SIGNED),
            (self.paid, EngagementState.PREMIUM_PAID),
            (self.convention, EngagementState.CONVENTION_SENT),
            (self.engaged, EngagementState.ENGAGED),
            (self.accepted, EngagementState.OFFER_ACCEPTED),
            (self.board, EngagementState.BOARD_CONFIRMED),
            (self.issued, EngagementState.OFFER_ISSUED),
            (self.favourable, EngagementState.FAVOURABLE),
        )
        return next((state for fact, state in reached if fact and state), EngagementState.SUBMITTED)

    @property
    def principal_cents(self) -> int:
        return sum(loan.principal_cents for loan in self.loans)

    @property
    def paid_cents(self) -> int:
        """What is there, the money that is promised back included."""
        return self.account.paid_cents

    @property
    def premium_cents(self) -> int | None:
        """The premium that was accepted; an offer still open shows its own."""
        known = self.accepted or self.issued
        return known.premium_cents if known else None

    @property
    def accepted_offer(self) -> OfferIssued | None:
        """The offer the bailleur accepted, whatever was issued after it."""
        accepted = self.accepted
        return next((offer for offer in self.offers if accepted and offer.offer_id == accepted.offer_id), None)

    @property
    def board_outdated(self) -> bool:
        """The board confirmed other amounts than were accepted: it has to decide again, unless that engaged already.

        A smaller principal may cost less; a confirmation made while no premium was known covers any (docs/adr/0016).
        """
        board, accepted = self.board, self.accepted
        if not isinstance(board, BoardConfirmed) or accepted is None or self.engaged:
            return False
        larger_cents = 0 if board.principal_cents is None else self.principal_cents - board.principal_cents
        dearer_cents = 0 if board.premium_cents is None else accepted.premium_cents - board.premium_cents
        return larger_cents > 0 or dearer_cents > 0 or (dearer_cents < 0 and larger_cents == 0)

    @property
    def decision(self) -> BoardConfirmed | BoardRefused | None:
        """The board's decision that counts."""
        return None if self.board_outdated else self.board

    @property
    def outstanding_cents(self) -> int:
        """What is to pay of the premium that was called, 0 before the call; what is promised back pays nothing."""
        return max(0, self.convention.premium_cents - self.account.kept_cents) if self.convention else 0

    @property
    def to_return_cents(self) -> int:
        """What is promised back or was paid too much; all of it once the engagement ended without an acte."""
        if self.end and not self.transmitted:
            return self.paid_cents
        account, premium_cents = self.account, self.convention.premium_cents if self.convention else 0
        return account.promised_cents + max(0, account.kept_cents - premium_cents)

    @property
    def convention_outdated(self) -> bool:
        """The loans were reduced after the convention was sent: it says more than is guaranteed."""
        return self.convention is not None and self.loans != self.convention_loans

    @property
    def to_check(self) -> SignedConventionLodged | None:
        """The returned convention that a person has to look at; none whose signatures already refuse it."""
        if self.lodged is None or self.signed is not None:
            return None
        refused = self.report is not None and self.report.outcome is Outcome.REFUSED
        done = self.checked is not None and self.checked.document_id == self.lodged.document.document_id
        return None if refused or done else self.lodged

    @property
    def report(self) -> SignedReturnExamined | None:
        """What was found in the last return; None until its signatures are examined."""
        document_id = self.lodged.document.document_id if self.lodged else None
        return self.examined if self.examined and self.examined.document_id == document_id else None

    @property
    def to_examine(self) -> SignedConventionLodged | None:
        """The returned convention whose signatures were not examined yet."""
        return self.to_check if self.report is None and self.end is None else None

    @property
    def return_awaited_until(self) -> datetime | None:
        """Until when the signed return is awaited; one that waits for its check has come in."""
        if self.convention is None or self.signed or self.to_check or self.end or self.transmitted:
            return None
        return self.convention.return_by

    @property
    def premium_awaited_until(self) -> datetime | None:
        if self.convention is None or self.paid or self.end or self.transmitted:
            return None
        return end_of_day(self.convention.premium_due_on)

    @property
    def transmission_pending(self) -> bool:
        """A prepared acte is on its way; an end, an alert, reduced loans or a premium that went back stops it."""
        screened = self.acte_screening is not None and self.acte_screening.clear
        held = self.end is not None or self.paid is None or self.convention_outdated or not screened
        return self.prepared is not None and self.transmitted is None and not held

    @property
    def documents(self) -> dict[EngagementDocument, StoredDocument]:
        """The documents that exist by now."""
        sent, lodged, prepared = self.convention, self.lodged, self.prepared
        known = {
            EngagementDocument.CONVENTION: sent.convention if sent else None,
            EngagementDocument.PREMIUM_CALL: sent.premium_call if sent else None,
            EngagementDocument.SIGNED_CONVENTION: lodged.document if lodged else None,
            EngagementDocument.ACTE: prepared.acte if prepared else None,
        }
        return {kind: document for kind, document in known.items() if document}

    def refuse_when_ended(self) -> None:
        """Raises: EngagementEnded."""
        if self.end is not None:
            raise EngagementEnded(f"Le dossier est clos ({self.end.value}) : plus rien ne l'engage.")

    def fold(self, event: Event) -> "Engagement":
        kept = KEPT.get(type(event))
        folded = replace(self, **{kept: event}) if kept else self._fold(event)
        end = self.end or ended_by(event)
        return folded if end is folded.end else replace(folded, end=end)

    def _fold(self, event: Event) -> "Engagement":
        match event:
            case DossierSubmitted():
                return replace(self, submitted=event, loans=self.loans or event.loans)
            case LoansReduced():
                return replace(self, loans=event.loans, reduced_at=event.reduced_at)
            case CommitteeOpinionGiven(opinion=Opinion.FAVOURABLE):
                return replace(self, favourable=event)
            case OfferIssued():
                return replace(self, issued=event, offers=(*self.offers, event))
            case OfferAccepted():
                return replace(self, accepted=self.accepted or event)
            case OfferSuperseded(offer_id=offer_id) if self.issued and self.issued.offer_id == offer_id:
                return replace(self, issued=None)
            case SignedConventionLodged():
                return self if self.signed else replace(self, lodged=event)
            case EngagementScreened(purpose=Purpose.CONVENTION):
                return replace(self, convention_screening=event)
            case EngagementScreened():
                return replace(self, acte_screening=event)
            case ConventionSent():
                before = dict.fromkeys(("lodged", "examined", "checked", "signed"))
                return replace(self, convention=event, convention_loans=self.loans, **before)
            case ActeDelivered():
                return replace(self, deliveries=(*self.deliveries, event))
            case _ if type(event) in MONEY:
                moved = replace(self, account=self.account.fold(event))
                return replace(moved, paid=None) if moved.outstanding_cents else moved
            case _:
                return self


KIND = StreamKind("engagement", Engagement(), frozenset({ENGAGEMENT_TOPIC}))
