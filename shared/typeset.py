"""Prints French documents with typst: PDF/A with tags, the same bytes for the same data."""

import asyncio
import hashlib
import json
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst

from shared.calendar import PARIS
from shared.contracts.values import Printing

ROOT = Path(__file__).parent.parent
PDF_STANDARD = "a-2a"  # archival, tagged: readable by a screen reader
UNTAGGED_STANDARD = "a-2u"  # for what is drawn into another file, whose tags are its own
# What the bytes depend on beside template and data.
ENGINE = f"typst {version('typst')}"


async def render(template: str, data: dict[str, Any], *, at: datetime) -> bytes:
    """The PDF of a template (a path below the project, e.g. `services/pricing/templates/offer.typ`).

    `data` is plain JSON, its shape stated at the top of the template. `at` is the document's date: nothing else in
    the file depends on when or where it is made. Only typst's own fonts are used, so machines agree.
    """
    return await asyncio.to_thread(compile_pdf, template, data, at)


def compile_pdf(template: str, data: dict[str, Any], at: datetime, *, tagged: bool = True) -> bytes:
    assert at.tzinfo is not None, "an aware moment"
    printed = typst.compile(
        str(ROOT / template),
        root=str(ROOT),
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=[PDF_STANDARD if tagged else UNTAGGED_STANDARD],
        pdf_tags=tagged,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=int(at.timestamp()),
    )
    assert isinstance(printed, bytes)
    return printed


def printing(pdf: bytes, templates: str) -> Printing:
    """How `pdf` was just printed, from the version `templates`."""
    return Printing(templates=templates, engine=ENGINE, sha256=hashlib.sha256(pdf).hexdigest())


def french_date(moment: datetime) -> str:
    """29 avril 2024, in Paris."""
    return french_day(moment.astimezone(PARIS).date())


def french_day(day: date) -> str:
    """29 avril 2024."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}\u00a0{MONTHS[day.month - 1]}\u00a0{day.year}"


def french_moment(moment: datetime) -> str:
    """29 avril 2024 à 9 h 00, in Paris."""
    local = moment.astimezone(PARIS)
    return f"{french_date(moment)} à {local.hour}\u00a0h\u00a0{local.minute:02}"


def french_second(moment: datetime) -> str:
    """19 mai 2024 à 23 h 59 min 59 s, in Paris: a deadline, whose last second counts."""
    return f"{french_moment(moment)}\u00a0min\u00a0{moment.astimezone(PARIS).second:02}\u00a0s"


MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
