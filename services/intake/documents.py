"""The receipt as a PDF: made again from the journal's data, the same bytes each time."""

from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import DocumentKind, Loan
from shared.lending import PURPOSES
from shared.money import format_euros
from shared.typeset import french_day, french_moment, render

TEMPLATE = "services/intake/templates/receipt.typ"
KINDS = {
    DocumentKind.OFFER_LETTER: "Lettre d'offre",
    DocumentKind.INTENT_LETTER: "Lettre d'intention",
    DocumentKind.PRESENTATION: "Dossier de présentation",
    DocumentKind.SUPPLEMENT: "Complément",
}


async def render_receipt(submitted: DossierSubmitted) -> bytes:
    operation = submitted.operation
    data = {
        "deposit_number": submitted.deposit_number,
        "campaign": submitted.campaign_id,
        "submitted_at": french_moment(submitted.submitted_at),
        "bailleur": {"name": submitted.bailleur.name, "siren": submitted.bailleur.siren},
        "operation": {
            "name": operation.name,
            "commune": operation.commune_name,
            "zone": operation.zone,
            "zoning_vintage": french_day(operation.zoning_vintage),
            "homes": operation.homes,
        },
        "loans": [_loan(loan) for loan in submitted.loans],
        "principal": format_euros(submitted.principal_cents),
        "documents": [
            {"label": KINDS[DocumentKind(one.kind)], "filename": one.filename, "sha256": one.sha256}
            for one in submitted.documents
        ],
    }
    return await render(TEMPLATE, data, at=submitted.submitted_at)


def _loan(loan: Loan) -> dict[str, str]:
    return {
        "purpose": PURPOSES[loan.purpose],
        "duration": f"{loan.duration_years}\u00a0ans",
        "deferral": f"{loan.deferral_months}\u00a0mois" if loan.deferral_months else "aucun",
        "principal": format_euros(loan.principal_cents),
    }


def label_of(kind: str) -> str:
    """The French name of an uploaded document's kind."""
    return KINDS[DocumentKind(kind)] if kind in set(DocumentKind) else "Convention signée"
