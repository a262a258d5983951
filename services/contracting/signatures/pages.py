"""The pages of a returned document beside those of the document that was sent."""

import io
from collections import Counter
from typing import Any

import pikepdf

from services.contracting.domain.returned import PageFound, PageState

MAX_FORM_DEPTH = 5
# Annotations that are part of signing and reading, not marks left on the paper.
SILENT_ANNOTATIONS = ("/Widget", "/Link", "/Popup")


def compare(sent: bytes, returned: bytes) -> tuple[PageFound, ...]:
    """Each page's state. What a page draws is compared operator by operator, so saving a file anew changes nothing.

    Blocking. Raises: pikepdf.PdfError for a file that cannot be read.
    """
    with pikepdf.open(io.BytesIO(sent)) as before, pikepdf.open(io.BytesIO(returned)) as after:
        expected, found = list(before.pages), list(after.pages)
        compared = [_state(one, other) for one, other in zip(expected, found, strict=False)]
        added = [PageState.MARKED if _marks(page) else PageState.ADDED for page in found[len(expected) :]]
        missing = [PageState.MISSING] * (len(expected) - len(found))
        states = [*compared, *added, *missing]
        return tuple(PageFound(number=number, state=state) for number, state in enumerate(states, start=1))


def _state(expected: pikepdf.Page, found: pikepdf.Page) -> PageState:
    if _marks(found) - _marks(expected):
        return PageState.MARKED
    return PageState.SAME if _drawing(found) == _drawing(expected) else PageState.CHANGED


def _drawing(page: pikepdf.Page) -> bytes:
    return pikepdf.unparse_content_stream(pikepdf.parse_content_stream(page))


def _marks(page: pikepdf.Page) -> Counter[str]:
    """The pictures and the annotations on a page, by kind."""
    inline = sum(str(instruction.operator) == "INLINE IMAGE" for instruction in pikepdf.parse_content_stream(page))
    marks = Counter({"inline": inline, "image": _images(page.obj.get("/Resources"), MAX_FORM_DEPTH)})
    for annotation in page.obj.get("/Annots", ()):
        subtype = str(annotation.get("/Subtype", ""))
        if subtype not in SILENT_ANNOTATIONS:
            marks[subtype] += 1
    return +marks


def _images(resources: Any, depth: int) -> int:
    """Pictures below some resources, forms within forms included."""
    if resources is None or depth == 0:
        return 0
    count = 0
    for item in dict(resources.get("/XObject", {})).values():
        if item.get("/Subtype") == "/Image":
            count += 1
        elif item.get("/Subtype") == "/Form":
            count += _images(item.get("/Resources"), depth - 1)
    return count
