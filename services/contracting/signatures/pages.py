"""The pages of a returned document beside those of the document that was sent."""

import io
from collections import Counter
from typing import Any

import pikepdf

from services.contracting.domain.returned import PageFound, PageState

MAX_FORM_DEPTH = 5
# Annotations that are part of reading, not marks left on the paper; form fields are compared apart.
SILENT_ANNOTATIONS = ("/Widget", "/Link", "/Popup")

SHOWS_TEXT = ("Tj", "TJ", "'", '"')
# The text rendering modes that paint nothing (ISO 32000-1, table 106).
INVISIBLE = (3, 7)

# The name of a form field and its rectangle on the page, in points from the lower left corner.
Widget = tuple[str, tuple[float, ...]]


def compare(sent: bytes, returned: bytes) -> tuple[PageFound, ...]:
    """Each page's state. What a page draws is compared operator by operator, so saving a file anew changes nothing.

    Blocking. Raises: pikepdf.PdfError for a file that cannot be read.
    """
    with pikepdf.open(io.BytesIO(sent)) as before, pikepdf.open(io.BytesIO(returned)) as after:
        expected, found = list(before.pages), list(after.pages)
        compared = [_state(one, other) for one, other in zip(expected, found, strict=False)]
        added = [PageState.ADDED] * (len(found) - len(expected))
        missing = [PageState.MISSING] * (len(expected) - len(found))
        states = [*compared, *added, *missing]
        return tuple(PageFound(number=number, state=state) for number, state in enumerate(states, start=1))


def _state(expected: pikepdf.Page, found: pikepdf.Page) -> PageState:
    if _shown_widgets(found) - _shown_widgets(expected):
        return PageState.CHANGED
    said = _text(found, found.obj.get("/Resources"), MAX_FORM_DEPTH)
    if said and said != _text(expected, expected.obj.get("/Resources"), MAX_FORM_DEPTH):
        return PageState.CHANGED
    if _marks(found) - _marks(expected):
        return PageState.MARKED
    return PageState.SAME if _drawing(found) == _drawing(expected) else PageState.CHANGED


def _text(content: Any, resources: Any, depth: int) -> list[bytes]:
    """What is shown as text, forms included, in order; none on a scan, whose recognised text is drawn invisible."""
    said, invisible, saved = list[bytes](), False, list[bool]()
    for instruction in pikepdf.parse_content_stream(content):
        operator, operands = str(instruction.operator), list(instruction.operands)
        if operator == "q":
            saved.append(invisible)
        elif operator == "Q" and saved:
            invisible = saved.pop()
        elif operator == "Tr":
            invisible = int(operands[0]) in INVISIBLE
        elif operator in SHOWS_TEXT and not invisible:
            said += _strings(operands[-1])
        elif operator == "Do" and depth:
            form = (resources or {}).get("/XObject", {}).get(str(operands[0]))
            if form is not None and form.get("/Subtype") == "/Form":
                said += _text(form, form.get("/Resources", resources), depth - 1)
    return said


def _strings(shown: Any) -> list[bytes]:
    parts = shown if isinstance(shown, pikepdf.Array) else [shown]
    return [bytes(part) for part in parts if isinstance(part, pikepdf.String)]


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
