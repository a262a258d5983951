"""The convention, the premium call and the acte as PDFs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import Loan, Structure
from shared.lending import LoanPurpose
from shared.money import format_euros
from shared.typeset import french_date, french_day, french_moment, render

TEMPLATES = "services/contracting/templates"
PURPOSES = {LoanPurpose.LAND: "Prêt foncier", LoanPurpose.BUILDING: "Prêt bâti (travaux)"}
STRUCTURES = {
    Structure.SA_HLM: "société anonyme d'habitations à loyer modéré (article L.422-2 du CCH)",
    Structure.SA_HLM_LLI_SUBSIDIARY: "filiale de logement intermédiaire d'une SA d'HLM (article L.422-2 du CCH)",
    Structure.OPH: "office public de l'habitat (article L.421-1 du CCH)",
    Structure.COOP_HLM: "société anonyme coopérative de production d'HLM (article L.422-3 du CCH)",
    Structure.SCIC_HLM: "société coopérative d'intérêt collectif d'HLM (article L.422-3-2 du CCH)",
    Structure.SEM: "société d'économie mixte (article L.481-1 du CCH)",
    Structure.L313_20_1_2: "société mentionnée à l'article L.313-20-1-2° du CCH",
    Structure.SAC: "société anonyme de coordination (article L.423-1-2 du CCH)",
}


@dataclass(frozen=True, slots=True)
class Payee:
    """To whom the premium is paid."""

    name: str
    iban: str


def number_of(engagement: Engagement) -> str:
    """The number convention, call and acte share: campaign and deposit number."""
    assert engagement.submitted is not None
    return f"{engagement.submitted.campaign_id}-{engagement.submitted.deposit_number}"


async def render_convention(engagement: Engagement, agreed: Terms) -> bytes:
    data = _common(engagement, agreed.sent_at) | {
        "campaign": _submitted(engagement).campaign_id,
        "loans": [_loan(loan) | {"premium": _premium(engagement, loan)} for loan in engagement.loans],
        "principal": format_euros(engagement.principal_cents),
        "premium": format_euros(agreed.premium_cents),
        "payment_reference": agreed.payment_reference,
        "return_by": french_moment(agreed.return_by),
        "premium_due_on": french_day(agreed.premium_due_on),
    }
    return await render(f"{TEMPLATES}/convention.typ", data, at=agreed.sent_at)


async def render_premium_call(engagement: Engagement, agreed: Terms, payee: Payee) -> bytes:
    iban = " ".join(payee.iban[start : start + 4] for start in range(0, len(payee.iban), 4))
    data = _common(engagement, agreed.sent_at) | {
        "lines": [
            {"purpose": PURPOSES[loan.purpose], "premium": _premium(engagement, loan)} for loan in engagement.loans
        ],
        "premium": format_euros(agreed.premium_cents),
        "payment_reference": agreed.payment_reference,
        "premium_due_on": french_day(agreed.premium_due_on),
        "payee": {"name": payee.name, "iban": iban},
    }
    return await render(f"{TEMPLATES}/premium_call.typ", data, at=agreed.sent_at)


async def render_acte(engagement: Engagement, made_at: datetime) -> bytes:
    data = _common(engagement, made_at) | {
        "loans": [_loan(loan) | {"rate": _percent(loan.annual_rate)} for loan in engagement.loans],
        "principal": format_euros(engagement.principal_cents),
        "convention_number": number_of(engagement),
    }
    return await render(f"{TEMPLATES}/acte.typ", data, at=made_at)


def _submitted(engagement: Engagement) -> DossierSubmitted:
    assert engagement.submitted is not None, "an engagement has its deposit"
    return engagement.submitted


def _common(engagement: Engagement, made_at: datetime) -> dict[str, Any]:
    submitted = _submitted(engagement)
    return {
        "number": number_of(engagement),
        "deposit_number": submitted.deposit_number,
        "made_on": french_date(made_at),
        "bailleur": {
            "name": submitted.bailleur.name,
            "siren": submitted.bailleur.siren,
            "structure": STRUCTURES[submitted.bailleur.structure],
        },
        "operation": {
            "name": submitted.operation.name,
            "commune": submitted.operation.commune_name,
            "zone": submitted.operation.zone,
        },
    }


def _loan(loan: Loan) -> dict[str, str]:
    return {
        "purpose": PURPOSES[loan.purpose],
        "duration": f"{loan.duration_years}\u00a0ans",
        "deferral": f"{loan.deferral_months}\u00a0mois" if loan.deferral_months else "aucun",
        "principal": format_euros(loan.principal_cents),
    }


def _premium(engagement: Engagement, loan: Loan) -> str:
    """What the accepted offer says of a line."""
    lines = engagement.issued.lines if engagement.issued else ()
    found = [line.premium_cents for line in lines if line.loan_id == loan.loan_id]
    return format_euros(sum(found))


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).quantize(Decimal('0.01')):f}".replace(".", ",") + "\u00a0%"
