"""What a signature shows on its page: a page of typst's drawn into the field, its font in the file as PDF/A wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import NamedTemporaryFile

from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.stamp import StaticStampStyle

from shared.typeset import compile_pdf, french_moment

TEMPLATE = "shared/templates/v1/stamp.typ"


@contextmanager
def stamp(writer: IncrementalPdfFileWriter, field: str, signer: str, at: datetime) -> Iterator[StaticStampStyle | None]:
    """The look of `signer`'s signature in a field that has a place on its page, while the context is open.

    None for a field without a place, or one that is still to be made: it shows nothing.
    """
    size = _size(writer, field)
    if size is None:
        yield None
        return
    width, height = size
    data = {"width": width, "height": height, "signer": signer, "signed_at": french_moment(at)}
    with NamedTemporaryFile(suffix=".pdf") as drawn:
        drawn.write(compile_pdf(TEMPLATE, data, at, tagged=False))
        drawn.flush()
        yield StaticStampStyle.from_pdf_file(drawn.name, border_width=0)


def _size(writer: IncrementalPdfFileWriter, field: str) -> tuple[float, float] | None:
    """Width and height of a signature field in points."""
    for _, _, found in enumerate_sig_fields(writer.prev, with_name=field):
        described = found.get_object()
        assert isinstance(described, DictionaryObject)
        left, bottom, right, top = (float(edge) for edge in described["/Rect"])
        width, height = abs(right - left), abs(top - bottom)
        return (width, height) if width and height else None
    return None
