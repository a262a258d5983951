"""The papers as PDFs: archival, tagged, in French, saying what they must."""

import io
import re
from dataclasses import replace

import pikepdf
import pypdf
import pytest

from services.contracting.documents import BAILLEUR_BOX, render_acte, render_convention, render_premium_call
from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement
from shared.contracts.values import Signatory
from tests.archival import check_archival
from tests.unit.contracting import stationery
from tests.unit.contracting.cases import engaged
from tests.unit.contracting.returned_files import TERMS, engagement
from tests.unit.contracting.samples import INDEXED, NOW, document, issued, loan
from tests.unit.contracting.stationery import GUARANTOR


async def papers() -> dict[str, bytes]:
    return {
        "Convention de cautionnement": await render_convention(engagement(), TERMS, GUARANTOR),
        "Appel de prime": await render_premium_call(engagement(), TERMS, stationery.PAYEE, GUARANTOR),
        "Acte de cautionnement": await render_acte(engagement(), NOW, GUARANTOR),
    }


async def premium_call(of: Engagement, agreed: Terms = TERMS) -> bytes:
    return await render_premium_call(of, agreed, stationery.PAYEE, GUARANTOR)


def words(pdf: bytes) -> str:
    """The text of every page, spaces and line ends made plain."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages)
    return text.replace("’", "'").replace("- ", "-")


async def test_each_paper_is_archival_tagged_and_in_french():
    for title, pdf in (await papers()).items():
        check_archival(pdf, title)
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            assert not opened.Root.get("/AcroForm")


async def test_the_structure_has_headings_and_tables():
    with pikepdf.open(io.BytesIO(await render_convention(engagement(), TERMS, GUARANTOR))) as opened:
        kinds = {str(one.S) for one in opened.objects if isinstance(one, pikepdf.Dictionary) and "/S" in one}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= kinds


async def test_the_convention_says_what_the_law_and_the_call_for_projects_want():
    said = words(await render_convention(engagement(), TERMS, GUARANTOR))
    for wanted in (
        "caution solidaire",
        "renonce au bénéfice de discussion prévu à l'article 2305 du Code civil",
        "au bénéfice de division prévu à l'article 2306",
        "totalité du principal",
        "intérêts, frais et accessoires",
        "recours personnel de l'article 2308",
        "subrogée dans tous les droits du Prêteur",
        "articles 1366 et 1367 du Code civil",
        "Prêts finançant le foncier",
        "Prêts finançant le bâti (travaux)",
        "4 250 000,00 € (quatre millions deux cent cinquante mille euros)",
        "100 488,15 € (cent mille quatre cent quatre-vingt-huit euros et quinze centimes)",
        "Bailleur d'essai",
        "542 065 479",
        TERMS.payment_reference,
    ):
        assert wanted in said, wanted
    assert said.index("finançant le foncier") < said.index("finançant le bâti")
    assert "prime minimale ou du plafond" not in said


MINIMUM, CAP, ACCEPTED = "prime minimale s'applique", "ramenée à ce plafond", "proposition que le Bailleur a acceptée"


@pytest.mark.parametrize(
    ("applied", "difference", "said"),
    [
        ({"minimum_applied": True}, 1, MINIMUM),
        ({"cap_applied": True}, -1, CAP),
        ({}, 1, ACCEPTED),
        ({"minimum_applied": True, "cap_applied": True}, 0, None),
    ],
    ids=["minimum", "cap", "loans-changed-since", "the-sum"],
)
async def test_a_premium_that_is_not_the_sum_of_its_lines_says_why(applied, difference, said):
    offered = replace(engagement(), offers=(issued().model_copy(update=applied),))
    agreed = TERMS.model_copy(update={"premium_cents": TERMS.premium_cents + difference})
    text = words(await render_convention(offered, agreed, GUARANTOR))
    assert [reason for reason in (MINIMUM, CAP, ACCEPTED) if reason in text] == ([said] if said else [])


async def test_both_papers_identify_the_parties():
    convention = words(await render_convention(engagement(), TERMS, GUARANTOR))
    acte = words(await render_acte(engagement(), NOW, GUARANTOR))
    for said in (convention, acte):
        for wanted in (
            "société d'essai au capital de 123 456,00 €, dont le siège est situé 1 rue de l'Essai, Paris",
            "900 000 100 RCS Essai, représentée par son représentant, en qualité de mandataire social",
            "numéro SIREN 542 065 479, département 75",
        ):
            assert wanted in said, wanted
    assert "représenté par prénom et nom en qualité de fonction du signataire" in convention, (
        "the bailleur fills them in"
    )


SEAT = "12 avenue de l'Essai, 75012 Paris"


async def test_the_seat_a_bailleur_registered_with_is_in_both_papers_and_is_filled_in_by_hand_where_it_is_not_known():
    base = engagement()
    assert base.submitted is not None
    bailleur = base.submitted.bailleur.model_copy(update={"seat": SEAT})
    known = replace(base, submitted=base.submitted.model_copy(update={"bailleur": bailleur}))
    for pdf in (await render_convention(known, TERMS, GUARANTOR), await render_acte(known, NOW, GUARANTOR)):
        assert f"numéro SIREN 542 065 479, dont le siège est situé {SEAT}" in words(pdf)
    unknown = words(await render_convention(base, TERMS, GUARANTOR))
    assert "département 75, dont le siège est situé adresse du siège" in unknown
    assert "adresse du siège" not in words(await render_acte(base, NOW, GUARANTOR))


async def test_the_signatory_a_bailleur_registered_is_named_and_nothing_is_left_to_fill_in():
    base = engagement()
    assert base.submitted is not None
    signatory = Signatory(name="Madame Ada Essai", capacity="directrice générale")
    bailleur = base.submitted.bailleur.model_copy(update={"seat": SEAT, "signatory": signatory})
    known = replace(base, submitted=base.submitted.model_copy(update={"bailleur": bailleur}))
    said = words(await render_convention(known, TERMS, GUARANTOR))
    assert f"{SEAT}, représenté par Madame Ada Essai, en qualité de directrice générale," in said
    assert "complète les espaces" not in said
    assert "complète les espaces" in words(await render_convention(base, TERMS, GUARANTOR))


async def test_both_papers_and_the_call_name_the_campaign_and_when_the_request_was_deposited():
    moment = "n° 12 de la campagne c, déposée le 4 mai 2024 à 10 h 00 (heure de Paris)"
    assert moment in words(await render_convention(engagement(), TERMS, GUARANTOR))
    assert moment in words(await render_acte(engagement(), NOW, GUARANTOR))
    assert "n° 12 de la campagne c" in words(await premium_call(engagement()))


async def test_the_premium_call_says_who_owes_what_to_whom_for_which_loans():
    base = engagement()
    assert base.submitted is not None
    deposit = base.submitted.model_copy(update={"documents": (document("letter", "offer_letter"),)})
    said = words(await premium_call(replace(base, submitted=deposit)))
    for wanted in (
        "Créancier Action Logement Services, société d'essai au capital de 123 456,00 €",
        "Débiteur Bailleur d'essai, SIREN 542 065 479",
        "Convention n° c-12 du 3 juin 2024, article 4",
        "Prêteur Banque des Territoires (Caisse des dépôts et consignations)",
        f"lettre d'offre de prêt du Prêteur jointe à la demande SHA-256 {'0' * 64}",
        "Foncier 1 1 000 000,00 € 0,01 €",
        "Somme des lignes 4 250 000,00 € 100 488,15 €",
        "Montant à régler 100 488,15 €",
        "Au plus tard le 3 juillet 2024",
        TERMS.payment_reference,
    ):
        assert wanted in said, wanted


async def test_lines_and_amount_to_pay_that_differ_are_both_in_call_and_convention_with_the_reason():
    offered = replace(engagement(), offers=(issued().model_copy(update={"minimum_applied": True}),))
    agreed = TERMS.model_copy(update={"premium_cents": TERMS.premium_cents + 100})
    called = words(await premium_call(offered, agreed))
    convention = words(await render_convention(offered, agreed, GUARANTOR))
    assert "Montant à régler 100 489,15 €" in called
    for said in (called, convention):
        assert "Somme des lignes 4 250 000,00 € 100 488,15 €" in said
        assert MINIMUM in said
    assert MINIMUM not in words(await premium_call(engagement()))


async def test_the_acte_names_the_letter_that_states_the_loans():
    base = engagement()
    assert base.submitted is not None
    deposit = base.submitted.model_copy(update={"documents": (document("letter", "intent_letter"),)})
    said = words(await render_acte(replace(base, submitted=deposit), NOW, GUARANTOR))
    assert f"lettre d'intention du Prêteur jointe à la demande SHA-256 {'0' * 64}" in said


async def test_pages_are_numbered_out_of_how_many_and_headed_from_the_second_on():
    pages = [
        " ".join(page.extract_text().split())
        for page in pypdf.PdfReader(io.BytesIO(await render_convention(engagement(), TERMS, GUARANTOR))).pages
    ]
    for number, said in enumerate(pages, start=1):
        assert f"Page {number} sur {len(pages)}" in said
        assert said.startswith("Convention de cautionnement n° c-12") == (number > 1)


async def test_every_characteristic_of_a_loan_is_in_both_papers():
    one = replace(engagement(), loans=(INDEXED,))
    for pdf in (await render_convention(one, TERMS, GUARANTOR), await render_acte(one, NOW, GUARANTOR)):
        said = words(pdf)
        for wanted in (
            "Bâti 1 35 ans 2,875 % (Livret A + 0,60 %) semestrielle échéances progressives",
            "(− 0,50 % par an)",
            "24 mois, intérêts capitalisés",
            "12 mois",
            "3 250 000,00 €",
        ):
            assert wanted in said, wanted


@pytest.mark.parametrize(
    ("letter", "said"),
    [("offer_letter", "lettre d'offre de prêt du Prêteur"), ("intent_letter", "lettre d'intention du Prêteur")],
)
async def test_the_convention_names_the_letter_that_states_the_loans(letter, said):
    base = engagement()
    assert base.submitted is not None
    deposit = base.submitted.model_copy(
        update={"documents": (document("letter", letter), document("p", "presentation"))}
    )
    text = words(await render_convention(replace(base, submitted=deposit), TERMS, GUARANTOR))
    assert f"{said} jointe à la demande SHA-256 {'0' * 64}" in text
    assert text.count("SHA-256") == 1


@pytest.mark.parametrize(
    ("loans", "term"),
    [
        ((loan(),), "au plus tard 35 ans après la signature du contrat de prêt, terme"),
        ((loan(), INDEXED), "au plus tard 35 ans après la signature du contrat de prêt, augmentés des 24 mois"),
        ((INDEXED, loan().model_copy(update={"duration_years": 40})), "au plus tard 40 ans après la signature"),
    ],
    ids=["one", "with-prefinancing", "the-longest"],
)
async def test_the_acte_ends_with_the_longest_loan(loans, term):
    assert term in words(await render_acte(replace(engagement(), loans=loans), NOW, GUARANTOR))


async def test_the_papers_a_bailleur_and_the_lender_read_hold_no_rating_and_no_grid():
    for pdf in (await papers()).values():
        assert not re.search(r"cotation|échelon|CQS|barème|grille|demonstration-1", words(pdf), re.IGNORECASE)


@pytest.mark.parametrize("difference", [0, 1, -1])
async def test_an_offer_issued_after_the_acceptance_prints_neither_a_line_nor_a_reason(difference):
    other = {"lines": (), "premium_cents": 1, "minimum_applied": True, "cap_applied": True}
    case = engaged().hear(issued("d1-2").model_copy(update=other))
    agreed = TERMS.model_copy(update={"premium_cents": TERMS.premium_cents + difference})
    assert await premium_call(case.engagement, agreed) == await premium_call(engagement(), agreed)
    printed = [await render_convention(one, agreed, GUARANTOR) for one in (case.engagement, engagement())]
    assert printed[0] == printed[1]


async def test_the_acte_binds_als_to_the_lender_and_says_how_it_is_called():
    said = words(await render_acte(engagement(), NOW, GUARANTOR))
    for wanted in (
        "caution solidaire",
        "2305",
        "2306",
        "intérêts, frais et accessoires",
        "Appel de la garantie",
        "2,90 %",
    ):
        assert wanted in said, wanted


async def test_a_dossier_without_land_has_no_table_of_land():
    building = replace(engagement(), loans=(loan(),))
    assert "foncier" not in words(await render_acte(building, NOW, GUARANTOR))


async def test_nothing_is_printed_where_the_bailleur_signs_even_below_a_long_name():
    base = engagement()
    assert base.submitted is not None
    bailleur = base.submitted.bailleur.model_copy(
        update={"name": "Société du logement intermédiaire et des territoires " * 2}
    )
    known = replace(base, submitted=base.submitted.model_copy(update={"bailleur": bailleur}))
    places = list[tuple[float, float]]()

    def note(text: str, of_page: list[float], of_text: list[float], *_) -> None:
        if text.strip():
            x, y = of_text[4], of_text[5]
            across, up = of_page[0] * x + of_page[2] * y, of_page[1] * x + of_page[3] * y
            places.append((across + of_page[4], up + of_page[5]))

    last = pypdf.PdfReader(io.BytesIO(await render_convention(known, TERMS, GUARANTOR))).pages[-1]
    last.extract_text(visitor_text=note)
    box = BAILLEUR_BOX
    assert any(x > box.left and box.top < y < box.top + 60 for x, y in places), "the name is above the field"
    assert [one for one in places if box.left < one[0] < box.right and box.bottom < one[1] < box.top] == []
