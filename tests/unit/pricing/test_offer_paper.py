"""What the printed offer says of each loan and of its total."""

import io
from dataclasses import replace
from decimal import Decimal

import pypdf
import pytest

from services.pricing.documents import render_offer
from services.pricing.domain.offer import Offer
from shared.lending import LINES, AmortisationProfile
from shared.money import format_euros
from tests.unit.pricing.samples import LAST, NOW, drafted

SUM = "Somme des lignes"


def priced(**changes) -> Offer:
    """The draft of the samples with other values."""
    offer = drafted()
    assert offer.draft
    return replace(offer, draft=offer.draft.model_copy(update=changes))


async def printed(offer: Offer) -> str:
    pages = pypdf.PdfReader(io.BytesIO(await render_offer(offer, NOW, LAST, 10))).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages).replace("\u2010", "-")


def lines_cents(offer: Offer) -> int:
    assert offer.draft
    return sum(line.premium_cents for line in offer.draft.lines)


async def test_each_line_names_its_loan_with_its_duration_and_its_profile():
    offer = drafted()
    assert offer.draft
    progressive = {"profile": AmortisationProfile.PROGRESSIVE_INSTALMENTS, "progressivity": Decimal("-0.01")}
    first, *rest = offer.draft.loans
    twin, line = first.model_copy(update={"loan_id": "twin"} | progressive), offer.draft.lines[0]
    lines = (*offer.draft.lines, line.model_copy(update={"loan_id": "twin"}))
    said = await printed(priced(loans=(first, *rest, twin), lines=lines))
    for loan in (first, twin):
        assert f"{loan.duration_years} ans, " in said
        assert format_euros(loan.principal_cents).replace("\u202f", " ").replace("\u00a0", " ") in said
    for place in (1, 2):
        assert f"{LINES[first.purpose]} {place}" in said
    assert "échéances constantes" in said
    assert "échéances progressives (− 1,00 % par an)" in said


@pytest.mark.parametrize("more_cents", [1, -1], ids=["minimum", "cap"])
async def test_the_sum_of_the_lines_is_shown_where_the_minimum_or_the_cap_changes_it(more_cents):
    total = lines_cents(drafted()) + more_cents
    said = await printed(priced(premium_cents=total, minimum_applied=more_cents > 0, cap_applied=more_cents < 0))
    assert SUM in said
    for cents in (total, total - more_cents):
        assert format_euros(cents).replace("\u202f", " ").replace("\u00a0", " ") in said


async def test_a_total_that_is_the_sum_of_the_lines_is_said_once():
    assert SUM not in await printed(priced(premium_cents=lines_cents(drafted())))


async def test_the_validity_is_counted_from_the_receipt_on_the_platform_to_the_last_second():
    said = (await printed(drafted())).replace("’", "'")
    assert "remise au bailleur sur la plateforme le 16 mai 2024, jour de sa réception" in said
    assert "valable dix jours ouvrés, le jour de la réception n'étant pas compté" in said
    assert "jusqu'au 30 mai 2024 à 23 h 59 min 59 s inclus (heure de Paris)" in said


async def test_the_land_comes_first_whatever_the_order_of_the_dossier_and_the_siren_is_grouped():
    offer = drafted()
    assert offer.draft
    for lines in (offer.draft.lines, offer.draft.lines[::-1]):
        said = await printed(priced(lines=lines))
        assert said.index("Foncier 1") < said.index("Bâti 1")
    assert "SIREN 732 829 320" in said
