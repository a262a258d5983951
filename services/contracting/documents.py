"""The convention, the premium call and the acte as PDFs, printed from a released version of their templates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Guarantor, Payee
from services.contracting.domain.term import longest
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import DocumentKind, Loan, RateBasis, StoredDocument, Structure
from shared.lending import (
    FREQUENCIES,
    LINES,
    LoanPurpose,
    PrefinancingInterest,
)
from shared.money import format_euros
from shared.signing import Box
from shared.typeset import french_date, french_day, french_moment, render
from shared.words import euros_in_words, percent, profile_in_words, signed_percent

# The version that is printed today. A released one is never edited; a change of text or of look is a new directory.
TEMPLATES = "v1"
# Where version 1 draws the bailleur's box on the last page, in points from the lower left corner (paper.typ).
BAILLEUR_FIELD = "Bailleur"
BAILLEUR_BOX = Box(318, 75, 523, 130)

GROUPS = {
    LoanPurpose.LAND: "Prêts finançant le foncier",
    LoanPurpose.BUILDING: "Prêts finançant le bâti (travaux)",
}
LETTERS = {
    DocumentKind.OFFER_LETTER: "lettre d'offre de prêt",
    DocumentKind.INTENT_LETTER: "lettre d'intention",
}
CODE = "du Code de la construction et de l'habitation"
STRUCTURES = {
    Structure.SA_HLM: f"société anonyme d'habitations à loyer modéré (article L.\u00a0422-2 {CODE})",
    Structure.SA_HLM_LLI_SUBSIDIARY: f"filiale de logement intermédiaire d'une SA d'HLM (article L.\u00a0422-2 {CODE})",
    Structure.OPH: f"office public de l'habitat (article L.\u00a0421-1 {CODE})",
    Structure.COOP_HLM: f"société anonyme coopérative de production d'HLM (article L.\u00a0422-3 {CODE})",
    Structure.SCIC_HLM: f"société coopérative d'intérêt collectif d'HLM (article L.\u00a0422-3-2 {CODE})",
    Structure.SEM: f"société d'économie mixte (article L.\u00a0481-1 {CODE})",
    Structure.L313_20_1_2: f"société mentionnée au 2° de l'article L.\u00a0313-20-1 {CODE}",
    Structure.SAC: f"société anonyme de coordination (article L.\u00a0423-1-2 {CODE})",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A loan with the label it carries on every paper: its purpose and its place among those of that purpose."""

    label: str
    loan: Loan


def number_of(engagement: Engagement) -> str:
    """The number convention, call and acte share: campaign and deposit number."""
    submitted = _submitted(engagement)
    return f"{submitted.campaign_id}-{submitted.deposit_number}"


async def render_convention(
    engagement: Engagement, agreed: Terms, guarantor: Guarantor, templates: str = TEMPLATES
) -> bytes:
    groups = [
        {
            "title": GROUPS[purpose],
            "loans": [_loan(line) | {"premium": format_euros(_premium(engagement, line.loan))} for line in lines],
            "principal": format_euros(sum(line.loan.principal_cents for line in lines)),
            "premium": format_euros(sum(_premium(engagement, line.loan) for line in lines)),
        }
        for purpose, lines in _by_purpose(engagement).items()
    ]
    data = _common(engagement, agreed.sent_at) | {
        "guarantor": _guarantor(guarantor),
        "groups": groups,
        **_amount("principal", engagement.principal_cents),
        **_amount("premium", agreed.premium_cents),
        "lines_total": format_euros(_lines_premium(engagement)),
        "adjustment": _adjustment(engagement, agreed.premium_cents),
        "payment_reference": agreed.payment_reference,
        "return_by": french_moment(agreed.return_by),
        "premium_due_on": french_day(agreed.premium_due_on),
    }
    return await render(_template(templates, "convention"), data, at=agreed.sent_at)


async def render_premium_call(
    engagement: Engagement, agreed: Terms, payee: Payee, guarantor: Guarantor, templates: str = TEMPLATES
) -> bytes:
    iban = " ".join(payee.iban[start : start + 4] for start in range(0, len(payee.iban), 4))
    data = _common(engagement, agreed.sent_at) | {
        "guarantor": _guarantor(guarantor),
        "lines": [
            {
                "label": line.label,
                "principal": format_euros(line.loan.principal_cents),
                "premium": format_euros(_premium(engagement, line.loan)),
            }
            for lines in _by_purpose(engagement).values()
            for line in lines
        ],
        "principal": format_euros(engagement.principal_cents),
        "lines_total": format_euros(_lines_premium(engagement)),
        "adjustment": _adjustment(engagement, agreed.premium_cents),
        **_amount("premium", agreed.premium_cents),
        "payment_reference": agreed.payment_reference,
        "premium_due_on": french_day(agreed.premium_due_on),
        "payee": {"name": payee.name, "iban": iban},
    }
    return await render(_template(templates, "premium_call"), data, at=agreed.sent_at)


async def render_acte(
    engagement: Engagement, made_at: datetime, guarantor: Guarantor, templates: str = TEMPLATES
) -> bytes:
    groups = [
        {
            "title": GROUPS[purpose],
            "loans": [_loan(line) for line in lines],
            "principal": format_euros(sum(line.loan.principal_cents for line in lines)),
        }
        for purpose, lines in _by_purpose(engagement).items()
    ]
    convention = engagement.convention
    data = _common(engagement, made_at) | {
        "guarantor": _guarantor(guarantor),
        "convention_sent_on": french_date(convention.sent_at) if convention else None,
        "groups": groups,
        **_amount("principal", engagement.principal_cents),
        "term": _term(engagement),
    }
    return await render(_template(templates, "acte"), data, at=made_at)


def _template(version: str, name: str) -> str:
    return f"services/contracting/templates/{version}/{name}.typ"


def _submitted(engagement: Engagement) -> DossierSubmitted:
    assert engagement.submitted is not None, "an engagement has its deposit"
    return engagement.submitted


def _common(engagement: Engagement, made_at: datetime) -> dict[str, Any]:
    submitted = _submitted(engagement)
    signatory = submitted.bailleur.signatory
    return {
        "number": number_of(engagement),
        "campaign": submitted.campaign_id,
        "deposit_number": submitted.deposit_number,
        "deposited_on": french_date(submitted.submitted_at),
        "deposited_at": french_moment(submitted.submitted_at),
        "made_on": french_date(made_at),
        "letters": [_letter(document) for document in submitted.documents if document.kind in LETTERS],
        "bailleur": {
            "name": submitted.bailleur.name,
            "siren": submitted.bailleur.siren,
            "structure": STRUCTURES[submitted.bailleur.structure],
            "department": submitted.bailleur.department,
            "seat": submitted.bailleur.seat,
            "signatory": signatory.model_dump() if signatory else None,
        },
        "operation": {
            "name": submitted.operation.name,
            "commune": submitted.operation.commune_name,
            "zone": submitted.operation.zone,
        },
    }


def _by_purpose(engagement: Engagement) -> dict[LoanPurpose, list[Line]]:
    """Land and building apart, the land first, each in the order of the dossier."""
    found = dict[LoanPurpose, list[Line]]()
    for purpose in GROUPS:
        loans = [loan for loan in engagement.loans if loan.purpose is purpose]
        if loans:
            found[purpose] = [Line(f"{LINES[purpose]}\u00a0{place}", loan) for place, loan in enumerate(loans, start=1)]
    return found


def _amount(name: str, cents: int) -> dict[str, str]:
    """An amount in figures and in words."""
    return {name: format_euros(cents), f"{name}_in_words": euros_in_words(cents)}


def _guarantor(guarantor: Guarantor) -> dict[str, str]:
    stated = guarantor.model_dump(exclude={"capital_cents"})
    return stated | {"capital": format_euros(guarantor.capital_cents)}


def _letter(document: StoredDocument) -> dict[str, str]:
    """The letter of the lender that states the loans, as the deposit holds it."""
    return {"kind": LETTERS[DocumentKind(document.kind)], "sha256": document.sha256}


def _adjustment(engagement: Engagement, premium_cents: int) -> str | None:
    """Why the premium is not the sum of the lines; None when it is."""
    offer, lines_cents = engagement.accepted_offer, _lines_premium(engagement)
    if premium_cents == lines_cents or offer is None:
        return None
    if offer.minimum_applied and premium_cents > lines_cents:
        return "minimum"
    return "cap" if offer.cap_applied and premium_cents < lines_cents else "accepted"


def _term(engagement: Engagement) -> dict[str, str | None]:
    """Until when the last loan may run: the years of its amortisation, after the months of its prefinancing."""
    last = longest(engagement.loans)
    prefinancing = f"{last.prefinancing_months}\u00a0mois" if last.prefinancing_months else None
    return {"years": f"{last.duration_years}\u00a0ans", "prefinancing": prefinancing}


def _loan(line: Line) -> dict[str, str]:
    """What a table says of a loan."""
    loan = line.loan
    return {
        "label": line.label,
        "duration": f"{loan.duration_years}\u00a0ans",
        "deferral": _months(loan.deferral_months),
        "prefinancing": _months(loan.prefinancing_months),
        "principal": format_euros(loan.principal_cents),
        "frequency": FREQUENCIES[loan.frequency],
        "interest": _interest(loan),
        "profile": profile_in_words(loan),
        "prefinancing_interest": _prefinancing(loan),
    }


def _interest(loan: Loan) -> str:
    if loan.rate_basis is RateBasis.FIXED:
        return f"{percent(loan.annual_rate)}, fixe"
    index = "Livret A"
    if loan.margin is not None:
        index += f" {signed_percent(loan.margin)}"
    return f"{percent(loan.annual_rate)} ({index})"


def _prefinancing(loan: Loan) -> str:
    if not loan.prefinancing_months:
        return _months(0)
    capitalised = loan.prefinancing_interest is PrefinancingInterest.CAPITALISED
    return f"{_months(loan.prefinancing_months)}, intérêts {'capitalisés' if capitalised else 'payés'}"


def _months(count: int) -> str:
    return f"{count}\u00a0mois" if count else "aucun"


def _premium(engagement: Engagement, loan: Loan) -> int:
    """What the accepted offer says of a line, in cents."""
    lines = engagement.accepted_offer.lines if engagement.accepted_offer else ()
    return sum(line.premium_cents for line in lines if line.loan_id == loan.loan_id)


def _lines_premium(engagement: Engagement) -> int:
    return sum(_premium(engagement, loan) for loan in engagement.loans)
