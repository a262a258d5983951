"""Returned conventions as bailleurs, and others, might send them: real files, really signed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pikepdf
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import TextStampStyle

from deploy.local.authority import NOT_AFTER, Authority
from services.contracting.documents import BAILLEUR_BOX, BAILLEUR_FIELD, render_convention
from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import Engagement
from shared.signing import Box, KeyFiles, Seal
from tests.unit.contracting.cases import engaged
from tests.unit.contracting.samples import NOW
from tests.unit.contracting.stationery import GUARANTOR

SIREN, NAME = "542065479", "Bailleur d'essai"
TERMS = Terms(
    premium_cents=10_048_815,
    payment_reference="RF12ALS000012ABCDEF12",
    sent_at=NOW,
    return_by=datetime(2024, 8, 2, 21, 59, 59, tzinfo=UTC),
    premium_due_on=date(2024, 7, 3),
)


@cache
def engagement() -> Engagement:
    return engaged().engagement


@dataclass(frozen=True, slots=True)
class Files:
    """One certification authority and one convention sent below it."""

    authority: Authority
    sent: bytes
    unsigned: bytes

    def keys(self, name: str = NAME, siren: str = SIREN, not_after: datetime = NOT_AFTER) -> KeyFiles:
        return self.authority.issue(f"{siren}-{not_after:%Y%m%d}", name, siren, not_after=not_after)

    async def signed(self, pdf: bytes | None = None, *, keys: KeyFiles | None = None, field: str = "Bailleur") -> bytes:
        seal = Seal(keys or self.keys())
        return await seal.sign(pdf or self.sent, at=NOW, field=field, reason="Signature du bailleur")


async def files_below(folder: Path) -> Files:
    authority = Authority(folder)
    unsigned = await render_convention(engagement(), TERMS, GUARANTOR)
    sent = await Seal(authority.als).sign(
        unsigned, at=NOW, field="Caution", reason="Convention", next_field=(BAILLEUR_FIELD, BAILLEUR_BOX)
    )
    return Files(authority, sent, unsigned)


def signed_over(files: Files, box: Box, *, field: str) -> bytes:
    """A sound signature of the bailleur whose field lies over the first page; its appearance says another premium."""
    writer = IncrementalPdfFileWriter(io.BytesIO(files.sent), strict=False)
    append_signature_field(writer, SigFieldSpec(field, 0, box))
    out = io.BytesIO()
    meta = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    shown = TextStampStyle(stamp_text="PRIME : 1,00 EUR (un euro)", background=None)
    with files.keys().signer() as signer:
        PdfSigner(meta, signer, stamp_style=shown).sign_pdf(writer, output=out)
    return out.getvalue()


def field_moved(pdf: bytes, box: Sequence[int | str]) -> bytes:
    """A file saved anew whose bailleur's field lies elsewhere on its page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for annotation in opened.pages[-1].obj.Annots:
            if annotation.get("/T") == BAILLEUR_FIELD:
                annotation.Rect = pikepdf.Array(list(box))
        return _saved(opened)


def last_signature_broken(pdf: bytes) -> bytes:
    """One bit of the last signature's value is another; everything else stays."""
    last = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[-1]
    value = last.signer_info["signature"].contents.hex().encode()
    place = pdf.lower().rindex(value) + len(value) - 1
    return pdf[:place] + (b"0" if pdf[place : place + 1] != b"0" else b"1") + pdf[place + 1 :]


def drawn_upon(pdf: bytes, page: int = 0) -> bytes:
    """An incremental update that adds text to a page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    added = writer.add_object(StreamObject(stream_data=b"BT /F0 12 Tf 100 100 Td (1) Tj ET"))
    writer.add_stream_to_page(page, added)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def saved_anew(pdf: bytes) -> bytes:
    """The same pages in a file written from scratch, as viewers do."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return _saved(opened)


def page_rewritten(pdf: bytes, number: int) -> bytes:
    """A file whose page says something else."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[number - 1]
        instructions = list(pikepdf.parse_content_stream(page))
        shown = next(place for place, one in enumerate(instructions) if str(one.operator) in ("Tj", "TJ"))
        del instructions[shown]
        page.Contents = opened.make_stream(pikepdf.unparse_content_stream(instructions))
        return _saved(opened)


def annotated(pdf: bytes, subtype: str) -> bytes:
    """A file saved anew with an annotation on its last page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        note = opened.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(subtype), Rect=[0, 0, 9, 9])
        )
        opened.pages[-1].Annots = pikepdf.Array([note])
        return _saved(opened)


def with_picture(pdf: bytes, *, inside: bool) -> bytes:
    """A file with a picture on its last page, in the page itself or `inside` a form of the page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[-1]
        if not inside:
            page.contents_add(opened.make_stream(b"q BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"))
            return _saved(opened)
        picture = opened.make_stream(b"x", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=1, Height=1)
        resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
        form = opened.make_stream(b"/Im0 Do", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, Resources=resources)
        page.add_resource(form, pikepdf.Name.XObject)
        return _saved(opened)


def scanned_with_text(scan: bytes) -> bytes:
    """A scan whose recognised text lies invisible below its picture, as office scanners save it."""
    with pikepdf.open(io.BytesIO(scan)) as opened:
        for page in opened.pages:
            page.contents_add(opened.make_stream(b"q BT 3 Tr (Convention de caution) Tj ET Q"), prepend=True)
        return _saved(opened)


def within_a_form(pdf: bytes, number: int) -> bytes:
    """A file whose page draws the same from within a form."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        page = opened.pages[number - 1]
        form = opened.make_stream(
            pikepdf.unparse_content_stream(pikepdf.parse_content_stream(page)),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
            BBox=page.mediabox,
            Resources=page.obj.Resources,
        )
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Fm0=form))
        page.Contents = opened.make_stream(b"q /Fm0 Do Q")
        return _saved(opened)


def without_page(pdf: bytes, number: int) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        del opened.pages[number - 1]
        return _saved(opened)


def with_page_of(pdf: bytes, other: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as opened, pikepdf.open(io.BytesIO(other)) as added:
        opened.pages.append(added.pages[0])
        return _saved(opened)


def _saved(opened: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()
