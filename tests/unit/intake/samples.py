"""A dossier as its bailleur sees it, a draft that is ready, and what the other services announce."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import DossierOpened
from services.intake.domain.register import Content
from services.intake.forms import DraftForm, FinancingForm, LoanForm, OperationForm
from shared.contracts.contracting import ConventionSent, SignedConventionRefused
from shared.contracts.instruction import SupplementRequested
from shared.contracts.intake import OfferAcceptanceLodged, OfferDeclineLodged, SignedConventionLodged
from shared.contracts.pricing import OfferIssued
from shared.contracts.values import RateBasis
from shared.events import Event
from shared.lending import Frequency, LoanPurpose
from tests import facts
from tests.facts import CAMPAIGN, DOSSIER, SUBMITTED_AT, document

NOW = datetime(2024, 5, 16, 9, tzinfo=UTC)
LAST_MOMENT = datetime(2024, 5, 30, 21, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OFFER = f"{DOSSIER}-1"
SHA256 = "0" * 64
PAPERS = (document("letter"), document("file", "presentation"))


def loan_form(**changes: Any) -> LoanForm:
    given = {
        "loan_id": "batiment",
        "purpose": LoanPurpose.BUILDING,
        "principal_cents": 325_000_000,
        "duration_years": 35,
        "frequency": Frequency.ANNUAL,
        "annual_rate": Decimal("0.029"),
        "rate_basis": RateBasis.FIXED,
    }
    return LoanForm(**given | changes)


def operation_form(**changes: Any) -> OperationForm:
    given = {
        "name": "Les Minimes",
        "commune_code": "17300",
        "homes": 60,
        "average_surface_m2": Decimal(62),
        "rent_per_m2_cents": 1_150,
    }
    return OperationForm(**given | changes)


def draft(**changes: Any) -> DraftForm:
    """A form with nothing missing: 3,25 M€ lent, 0,75 M€ of equity, 4 M€ to pay."""
    given = {
        "operation": operation_form(),
        "loans": (loan_form(),),
        "financing": FinancingForm(total_cost_cents=400_000_000, equity_cents=75_000_000),
    }
    return DraftForm(**given | changes)


def content(*principals: int) -> Content:
    """What is frozen at a deposit; one loan a principal, named l0, l1 …"""
    deposit = facts.submitted()
    loans = tuple(facts.loan(f"l{place}", principal_cents=cents) for place, cents in enumerate(principals))
    return Content(deposit.bailleur, deposit.operation, loans or deposit.loans, deposit.financing, deposit.documents)


def opened() -> DossierOpened:
    return DossierOpened(dossier_id=DOSSIER, siren="732829320", campaign_id=CAMPAIGN, opened_at=SUBMITTED_AT)


def requested(request_id: str = f"{DOSSIER}-s1") -> SupplementRequested:
    return SupplementRequested(
        dossier_id=DOSSIER,
        request_id=request_id,
        message="Préciser",
        requested_at=NOW,
        due_at=NOW + 15 * 86_400 * SECOND,
    )


def issued(offer_id: str = OFFER) -> OfferIssued:
    return OfferIssued(
        dossier_id=DOSSIER,
        offer_id=offer_id,
        lines=(),
        premium_cents=10_048_815,
        minimum_applied=False,
        grid_version="demonstration-1",
        issued_at=NOW,
        valid_until=LAST_MOMENT,
        document=document("offer", "offer"),
    )


def acceptance(offer_id: str = OFFER) -> OfferAcceptanceLodged:
    return OfferAcceptanceLodged(dossier_id=DOSSIER, offer_id=offer_id, lodged_at=NOW)


def decline(offer_id: str = OFFER) -> OfferDeclineLodged:
    return OfferDeclineLodged(dossier_id=DOSSIER, offer_id=offer_id, lodged_at=NOW)


def convention_sent() -> ConventionSent:
    return ConventionSent(
        dossier_id=DOSSIER,
        convention=document("convention", "convention"),
        premium_call=document("call", "premium_call"),
        premium_cents=10_048_815,
        payment_reference="RF18",
        sent_at=NOW,
        return_by=LAST_MOMENT,
        premium_due_on=date(2024, 6, 15),
    )


def convention_lodged() -> SignedConventionLodged:
    return SignedConventionLodged(dossier_id=DOSSIER, lodged_at=NOW, document=document("signed", "signed_convention"))


def convention_refused() -> SignedConventionRefused:
    return SignedConventionRefused(dossier_id=DOSSIER, document_id="signed", reason="Page 3 absente", refused_at=NOW)


def seen(*events: Event) -> Dossier:
    """A dossier after these facts, opened first."""
    dossier = Dossier()
    for event in (opened(), *events):
        dossier = dossier.fold(event)
    return dossier
