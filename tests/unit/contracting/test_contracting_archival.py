"""A signature appended to a paper leaves it the archive it was: PDF/A, tagged, in French, without a foreign object."""

import io

import pikepdf
import pypdf
import pytest

from services.contracting.documents import BAILLEUR_FIELD
from services.contracting.domain.engagement import EngagementDocument
from services.contracting.papers import ALS_FIELD
from tests.archival import check_archival, objects
from tests.unit.contracting.officer import Officer

SIGNED = {
    EngagementDocument.CONVENTION: "Convention de cautionnement",
    EngagementDocument.ACTE: "Acte de cautionnement",
}
ACTIVE = ("/JS", "/JavaScript", "/AA", "/OpenAction", "/EmbeddedFile", "/XFA", "/NeedAppearances", "/Encrypt")
END = b"%%EOF"
PRINTED = 4  # the flag of an annotation that is printed; without it PDF/A refuses it (ISO 19005-2, 6.3.2)


def foreign_fonts(pdf: bytes) -> list[pikepdf.Dictionary | pikepdf.Stream]:
    """The fonts that are named in a file and not in it."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fonts = [one for one in objects(opened) if one.get("/Type") == "/Font"]
        assert fonts
        return [one for one in fonts if "/FontDescriptor" not in one and "/DescendantFonts" not in one]


@pytest.fixture
async def officer(tmp_path) -> Officer:
    made = Officer(tmp_path)
    await made.bring_to_acte()
    return made


@pytest.fixture(params=SIGNED)
async def signed(request, officer) -> tuple[EngagementDocument, bytes]:
    return request.param, await officer.kept(request.param)


async def test_what_als_signed_still_declares_itself_archival_tagged_titled_and_french(signed):
    kind, pdf = signed
    check_archival(pdf, SIGNED[kind])


async def test_what_was_printed_is_untouched_below_the_signature(signed):
    _, pdf = signed
    end = pdf.index(END) + len(END)
    assert pdf.count(END) == 2, "the printed file, and one signature after it"
    signed_pages, printed_pages = (pypdf.PdfReader(io.BytesIO(one)).pages for one in (pdf, pdf[:end]))
    assert [page.extract_text() for page in signed_pages] == [page.extract_text() for page in printed_pages]


async def test_a_signature_brings_no_font_no_transparency_and_nothing_that_runs(signed):
    _, pdf = signed
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for one in objects(opened):
            assert not [name for name in ACTIVE if name in one], one
            assert one.get("/SMask", "/None") == "/None"
            assert (one.get("/CA", 1), one.get("/ca", 1)) == (1, 1)
            assert one.get("/BM", "/Normal") == "/Normal"
    assert not foreign_fonts(pdf)


async def test_als_signs_without_an_appearance_and_the_empty_field_is_a_plain_one(signed):
    kind, pdf = signed
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fields = {str(field.T): field for field in opened.Root.AcroForm.Fields}
        assert [float(edge) for edge in fields[ALS_FIELD].Rect] == [0, 0, 0, 0]
        assert set(fields) == ({ALS_FIELD, BAILLEUR_FIELD} if kind is EngagementDocument.CONVENTION else {ALS_FIELD})
        for field in fields.values():
            assert int(field.F) & PRINTED
        if kind is EngagementDocument.CONVENTION:
            appearance = fields[BAILLEUR_FIELD].AP
            assert list(appearance) == ["/N"]
            assert not dict(appearance.N.Resources)


async def test_a_return_that_the_bailleur_signed_is_still_tagged_and_in_french(officer):
    """Whether the appearance of another signing tool brings its font is not ALS's to say; that of ours does."""
    pdf = await officer.kept(EngagementDocument.SIGNED_CONVENTION)
    check_archival(pdf, SIGNED[EngagementDocument.CONVENTION])
    assert not foreign_fonts(pdf)


async def test_a_field_with_a_place_shows_who_signed_and_when_in_paris(officer):
    pdf = await officer.kept(EngagementDocument.SIGNED_CONVENTION)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        (field,) = [one for one in opened.Root.AcroForm.Fields if str(one.T) == BAILLEUR_FIELD]
        with pikepdf.new() as shown:
            page = shown.add_blank_page(page_size=(300, 100))
            name = page.add_resource(shown.copy_foreign(field.AP.N), pikepdf.Name.XObject)
            page.Contents = shown.make_stream(f"{name} Do".encode())
            out = io.BytesIO()
            shown.save(out)
    said = " ".join(pypdf.PdfReader(out).pages[0].extract_text().split())
    assert (
        said == "Signé électroniquement par Représentant de Bailleur d'essai le 3 juin 2024 à 10 h 00 (heure de Paris)"
    )


async def test_every_signature_begins_on_a_line_of_its_own(officer):
    """ISO 19005-2, 6.1.9."""
    pdf = await officer.kept(EngagementDocument.SIGNED_CONVENTION)
    assert pdf.count(END) == pdf.count(END + b"\n") == 3
