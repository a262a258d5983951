"""The pages of a returned document beside those of the document that was sent."""

import io
from collections import Counter
from typing import Any

import pikepdf

from services.contracting.domain.returned import PageFound, PageState

MAX_FORM_DEPTH = 5
# Annotations that are part of reading, not marks left on the paper; form fields are compared apart.
SILENT_ANNOTATIONS = ("/Widget", "/Link", "/Popup")

# The name of a form field and its rectangle on the page, in points from the lower left corner.
Widget = tuple[str, tuple[float, ...]]


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
    if _shown_widgets(found) - _shown_widgets(expected):
        return PageState.CHANGED
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


def _shown_widgets(page: pikepdf.Page) -> Counter[Widget]:
    """The form fields that take room on a page. What one shows never leaves its rectangle: viewers fit it in.

    A signature field without a place, as a second representative may add, shows nothing.
    """
    widgets = Counter[Widget]()
    for annotation in page.obj.get("/Annots", ()):
        if annotation.get("/Subtype") == "/Widget":
            left, bottom, right, top = (round(float(edge), 2) for edge in annotation.Rect)
            if left != right and bottom != top:
                corners = min(left, right), min(bottom, top), max(left, right), max(bottom, top)
                widgets[_field_name(annotation), corners] += 1
    return widgets


def _field_name(widget: Any) -> str:
    """A field's full name: a widget may be the field itself or a kid of it."""
    names, field = list[str](), widget
    while field is not None and len(names) < MAX_FORM_DEPTH:
        names.append(str(field.get("/T", "")))
        field = field.get("/Parent")
    return ".".join(name for name in reversed(names) if name)


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
