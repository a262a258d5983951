"""The library of downloads (cahier des charges 4)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.errors import NotFound
from shared.typeset import render

DIRECTIVE = "Directive « Garantie logement intermédiaire au titre des prêts délivrés par la Banque des Territoires »"
GUIDE = "services/intake/templates/guide.typ"
GUIDE_DATED = datetime(2024, 4, 29, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    slug: str
    title: str
    available: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """The guide is packaged; the directive is ALS's and configured (`ALS_DIRECTIVE_FILE`)."""

    directive_file: Path | None

    def items(self) -> list[Item]:
        present = self.directive_file is not None
        note = "" if present else "À demander à votre correspondant en région ou à ami.garantie@actionlogement.fr."
        return [
            Item(
                "directive",
                DIRECTIVE,
                present,
                note,
            ),
            Item("cahier-des-charges", "Cahier des charges et fonctionnement de la plateforme", True),
        ]

    async def read(self, slug: str) -> tuple[str, bytes]:
        """File name and PDF. Raises: NotFound."""
        if slug == "cahier-des-charges":
            return "cahier-des-charges.pdf", await render(GUIDE, {}, at=GUIDE_DATED)
        if slug == "directive" and self.directive_file is not None:
            return "directive.pdf", await asyncio.to_thread(self.directive_file.read_bytes)
        raise NotFound("Ce document n'est pas à la bibliothèque.")
