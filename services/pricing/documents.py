"""The offer as a PDF."""

from datetime import datetime

from num2words import num2words

from services.pricing.domain.facts import OfferDrafted
from services.pricing.domain.offer import Offer
from shared.lending import LINES
from shared.money import format_euros
from shared.typeset import french_date, french_second, render
from shared.words import profile_in_words

# The version that is printed today. A released one is never edited; a change of text or of look is a new directory.
TEMPLATES = "v1"


async def render_offer(
    offer: Offer, issued_at: datetime, last_moment: datetime, validity_days: int, templates: str = TEMPLATES
) -> bytes:
    """The proposal a landlord reads; the draft's confidential inputs stay out."""
    submitted, drafted = offer.submitted, offer.draft
    assert submitted is not None, "an offer is drafted on a deposit"
    assert drafted is not None, "the draft that is issued"
    lines_cents = sum(line.premium_cents for line in drafted.lines)
    data = {
        "number": f"{submitted.deposit_number}-{offer.drafts}",
        "campaign": submitted.campaign_id,
        "deposit_number": submitted.deposit_number,
        "issued_on": french_date(issued_at),
        "bailleur": {"name": submitted.bailleur.name, "siren": submitted.bailleur.siren},
        "operation": {"name": submitted.operation.name, "commune": submitted.operation.commune_name},
        "lines": _lines(drafted),
        "lines_total": format_euros(lines_cents) if lines_cents != drafted.premium_cents else None,
        "principal": format_euros(sum(line.principal_cents for line in drafted.lines)),
        "total": format_euros(drafted.premium_cents),
        "minimum_applied": drafted.minimum_applied,
        "cap_applied": drafted.cap_applied,
        "last_second": french_second(last_moment),
        "validity": _business_days(validity_days),
    }
    return await render(f"services/pricing/templates/{templates}/offer.typ", data, at=issued_at)


def _lines(drafted: OfferDrafted) -> list[dict[str, str]]:
    """Each line with the loan it prices, named and ordered as in the convention it leads to."""
    loans, found = {loan.loan_id: loan for loan in drafted.loans}, list[dict[str, str]]()
    for purpose, name in LINES.items():
        priced = [line for line in drafted.lines if line.purpose is purpose]
        for place, line in enumerate(priced, start=1):
            loan = loans[line.loan_id]
            found.append(
                {
                    "label": f"{name}\u00a0{place}",
                    "terms": f"{loan.duration_years}\u00a0ans, {profile_in_words(loan)}",
                    "principal": format_euros(line.principal_cents),
                    "premium": format_euros(line.premium_cents),
                }
            )
    return found


def _business_days(days: int) -> str:
    """dix jours ouvrés"""
    return f"{num2words(days, lang='fr')} jour{'s' if days > 1 else ''} ouvré{'s' if days > 1 else ''}"
