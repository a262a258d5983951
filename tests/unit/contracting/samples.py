"""A dossier as contracting hears of it, fact by fact."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.contracting.domain.board import (
    BoardDecisionRecorded,
    BoardMinutesSignedOff,
    BoardSessionOpened,
    Decision,
    Member,
    Presence,
    QuorumRule,
    Session,
    Votes,
    session_id_of,
)
from services.contracting.domain.facts import (
    Channel,
    EngagementScreened,
    PapersPrinted,
    Payee,
    PaymentReceived,
    Proof,
    Purpose,
    SignedPrinting,
)
from services.contracting.domain.payment_facts import PaymentReturned
from services.contracting.domain.returned import Findings, PageFound, PageState, SignatureFound
from shared.contracts.envelope import Committed
from shared.contracts.instruction import CommitteeOpinionGiven, Opinion
from shared.contracts.intake import DossierSubmitted, LoansReduced, SignedConventionLodged
from shared.contracts.pricing import OfferAccepted, OfferIssued
from shared.contracts.values import (
    Bailleur,
    CampaignRules,
    FinancingPlan,
    Loan,
    Operation,
    PremiumLine,
    RateBasis,
    StoredDocument,
    Structure,
)
from shared.lending import AmortisationProfile, Frequency, LoanPurpose, PrefinancingInterest
from tests.unit.contracting.stationery import GUARANTOR

NOW = datetime(2024, 6, 3, 8, tzinfo=UTC)
TODAY = date(2024, 6, 3)
DOSSIER = "d1"
OFFER = "d1-1"
PREMIUM_CENTS = 10_048_815
CHECKER, OTHER = "user:checker", "user:other"
SECRETARY = "user:secretary"
ACCOUNTANT = "user:accountant"
QUORUM = QuorumRule(version="essai", members=6, minimum_present=4, casting_vote=True)
PRESENT = ("m1", "m2", "m3", "m4", "m5")
CHAIR = PRESENT[0]
MEMBERS = (
    *(Member(member_id=one, name=f"Membre {one}", presence=Presence.PRESENT) for one in PRESENT),
    Member(member_id="m6", name="Membre m6", presence=Presence.EXCUSED),
)
ALL_FOR = Votes(in_favour=PRESENT)


def loan(principal_cents: int = 325_000_000, loan_id: str = "l1", purpose=LoanPurpose.BUILDING) -> Loan:
    return Loan(
        loan_id=loan_id,
        purpose=purpose,
        principal_cents=principal_cents,
        duration_years=35,
        frequency=Frequency.ANNUAL,
        annual_rate=Decimal("0.029"),
        rate_basis=RateBasis.FIXED,
    )


LOANS = (loan(), loan(100_000_000, "l2", LoanPurpose.LAND))
INDEXED = loan().model_copy(
    update={
        "annual_rate": Decimal("0.02875"),
        "rate_basis": RateBasis.LIVRET_A,
        "margin": Decimal("0.006"),
        "prefinancing_months": 24,
        "prefinancing_interest": PrefinancingInterest.CAPITALISED,
        "deferral_months": 12,
        "frequency": Frequency.HALF_YEARLY,
        "profile": AmortisationProfile.PROGRESSIVE_INSTALMENTS,
        "progressivity": Decimal("-0.005"),
    }
)


def document(name: str, kind: str = "convention") -> StoredDocument:
    return StoredDocument(
        document_id=name,
        kind=kind,
        filename=f"{name}.pdf",
        object_key=f"test/{name}.pdf",
        media_type="application/pdf",
        sha256="0" * 64,
        size_bytes=1,
    )


def submitted(dossier_id: str = DOSSIER, number: int = 12, loans=LOANS) -> DossierSubmitted:
    return DossierSubmitted(
        campaign_id="c",
        dossier_id=dossier_id,
        deposit_number=number,
        submitted_at=NOW - timedelta(days=30),
        bailleur=Bailleur(siren="542065479", name="Bailleur d'essai", structure=Structure.SA_HLM, department="75"),
        operation=Operation(
            name="Résidence d'essai",
            commune_code="75056",
            commune_name="Paris",
            department="75",
            zone="A bis",
            zoning_vintage=date(2025, 9, 5),
            homes=40,
            average_surface_m2=Decimal("62"),
            rent_per_m2_cents=1900,
        ),
        loans=loans,
        principal_cents=sum(one.principal_cents for one in loans),
        financing=FinancingPlan(total_cost_cents=600_000_000, equity_cents=175_000_000, subsidies_cents=0),
        documents=(),
    )


def opinion(value: Opinion = Opinion.FAVOURABLE) -> CommitteeOpinionGiven:
    return CommitteeOpinionGiven(
        dossier_id=DOSSIER, opinion=value, session_date=TODAY, given_at=NOW - timedelta(days=5)
    )


def issued(offer_id: str = OFFER) -> OfferIssued:
    line = PremiumLine(
        loan_id="l1", purpose=LoanPurpose.BUILDING, principal_cents=325_000_000, premium_cents=PREMIUM_CENTS - 1
    )
    land = PremiumLine(loan_id="l2", purpose=LoanPurpose.LAND, principal_cents=100_000_000, premium_cents=1)
    return OfferIssued(
        dossier_id=DOSSIER,
        offer_id=offer_id,
        lines=(line, land),
        premium_cents=PREMIUM_CENTS,
        minimum_applied=False,
        grid_version="demonstration-1",
        issued_at=NOW - timedelta(days=4),
        valid_until=NOW + timedelta(days=10),
        document=document("offer", "offer"),
    )


def accepted() -> OfferAccepted:
    return OfferAccepted(
        dossier_id=DOSSIER, offer_id=OFFER, accepted_at=NOW - timedelta(days=1), premium_cents=PREMIUM_CENTS
    )


def committed() -> Committed:
    return Committed(campaign_id="c", dossier_id=DOSSIER, amount_cents=425_000_000, committed_at=NOW)


def reduced(loans: tuple[Loan, ...] = (loan(300_000_000), LOANS[1]), at: datetime = NOW) -> LoansReduced:
    total = sum(one.principal_cents for one in loans)
    return LoansReduced(campaign_id="c", dossier_id=DOSSIER, reduced_at=at, loans=loans, principal_cents=total)


def lodged(name: str = "signed-1") -> SignedConventionLodged:
    return SignedConventionLodged(dossier_id=DOSSIER, lodged_at=NOW, document=document(name, "signed_convention"))


PRINTING = SignedPrinting(templates="v1", engine="typst", sha256="0" * 64, guarantor=GUARANTOR)


def printed() -> PapersPrinted:
    payee = Payee(name="Bénéficiaire", iban="FR7630006000011234567890189")
    return PapersPrinted(dossier_id=DOSSIER, convention=PRINTING, premium_call=PRINTING, payee=payee)


def signature(**changes: Any) -> SignatureFound:
    """A sound signature of the bailleur."""
    given: dict[str, Any] = {
        "signer": "Représentante d'essai",
        "organisation": "Bailleur d'essai",
        "identifiers": ("NTRFR-542065479",),
        "issuer": "Autorité d'essai",
        "signed_at": NOW,
        "timestamped": False,
        "intact": True,
        "extended": False,
        "trusted": True,
        "in_validity": True,
    }
    return SignatureFound(**(given | changes))


def findings(*signatures: SignatureFound, states: tuple[PageState, ...] = (PageState.SAME,) * 2, **changes: Any):
    """What was found in the very file that was sent, signed by the bailleur."""
    pages = tuple(PageFound(number=number, state=state) for number, state in enumerate(states, start=1))
    given = {"incremental": True, "seal_intact": True, "pages": pages, "signatures": signatures or (signature(),)}
    return Findings(**(given | changes))


def by_hand() -> Findings:
    """What was found in a scan."""
    return findings(states=(PageState.MARKED,) * 2, incremental=False, seal_intact=False, signatures=())


def rules(**changes: Any) -> CampaignRules:
    given: dict[str, Any] = {
        "campaign_id": "c",
        "version": 1,
        "label": "Essai",
        "cap_cents": 60_000_000_000,
        "opens_at": NOW - timedelta(days=40),
        "effective_at": NOW - timedelta(days=40),
    }
    return CampaignRules(**(given | changes))


def sitting(session_date: date = TODAY) -> BoardSessionOpened:
    return BoardSessionOpened(
        session_id=session_id_of(session_date, 1),
        session_date=session_date,
        quorum=QUORUM,
        members=MEMBERS,
        opened_by=SECRETARY,
        opened_at=NOW,
        chair_id=CHAIR,
    )


def decided(
    decision: Decision = Decision.CONFIRM, reason: str = "", votes: Votes = ALL_FOR, dossier_id: str = DOSSIER
) -> BoardDecisionRecorded:
    return BoardDecisionRecorded(
        session_id=session_id_of(TODAY, 1),
        dossier_id=dossier_id,
        decision=decision,
        reason=reason,
        votes=votes,
        principal_cents=425_000_000,
        premium_cents=PREMIUM_CENTS,
        recorded_by=SECRETARY,
        recorded_at=NOW,
    )


def signed_session(session_date: date = TODAY) -> Session:
    signed = BoardMinutesSignedOff(
        session_id=session_id_of(session_date, 1), minutes_sha256="0" * 64, signed_off_by=OTHER, signed_off_at=NOW
    )
    return Session(opened=sitting(session_date), members=MEMBERS, signed_off=signed)


def screened(purpose: Purpose, *, clear: bool = True, on: date = TODAY) -> EngagementScreened:
    return EngagementScreened(
        dossier_id=DOSSIER,
        purpose=purpose,
        screened_on=on,
        clear=clear,
        recorded_by="user:compliance",
        recorded_at=NOW,
    )


def received(
    amount_cents: int = PREMIUM_CENTS, payment_id: str = "p1", reference: str = "RF", on: date = TODAY
) -> PaymentReceived:
    return PaymentReceived(
        payment_id=payment_id, reference=reference, amount_cents=amount_cents, received_on=on, recorded_at=NOW
    )


def returned(payment_id: str, amount_cents: int, return_id: str = "") -> PaymentReturned:
    return PaymentReturned(
        payment_id=payment_id,
        amount_cents=amount_cents,
        returned_on=TODAY,
        bank_reference="V1",
        recorded_by=ACCOUNTANT,
        recorded_at=NOW,
        return_id=return_id,
    )


def proof(sha256: str = document("acte").sha256, channel: Channel = Channel.SFTP) -> Proof:
    return Proof(
        channel=channel,
        destination="sftp://bdt.example",
        name="000012-d1.pdf",
        sha256=sha256,
        size_bytes=1,
        answer="relu",
        sent_at=NOW,
    )
