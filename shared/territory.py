"""Communes and their ABC zone; the rent caps that depend on it (DOMAIN, Territory)."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources

from shared.errors import Refusal

VINTAGE = date(2025, 9, 5)
SPELLED = {"Abis": "A bis"}
FILE = "zonage-abc-2025-09-05.csv"
# LLI under CGI 279-0 bis A; elsewhere a person looks at the dossier.
LLI_ZONES = frozenset({"A bis", "A", "B1"})
# Rent caps of 2025, euros a square metre and month.
RENT_CAPS = {"A bis": Decimal("19.51"), "A": Decimal("14.49"), "B1": Decimal("11.68"), "B2": Decimal("10.15")}
MAX_MULTIPLIER = Decimal("1.2")
# Arrondissements belong to one commune and have its zone.
PARIS, LYON, MARSEILLE = "75056", "69123", "13055"


class UnknownCommune(Refusal):
    type = "unknown-commune"
    title = "Commune inconnue"
    status = 422


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, or an arrondissement with the zone of its commune; `vintage` dates the zoning."""

    code: str
    department: str
    name: str
    zone: str
    vintage: date = VINTAGE


class Territory:
    """Every commune by INSEE code."""

    def __init__(self, communes: dict[str, Commune]) -> None:
        self._communes = communes

    @classmethod
    @cache
    def load(cls) -> "Territory":
        """The packaged zoning, read once a process."""
        text = (resources.files("shared") / "data" / FILE).read_text(encoding="utf-8")
        rows = csv.DictReader(text.splitlines(), delimiter=";")
        communes = {
            row["commune"]: Commune(
                row["commune"], row["departement"], row["nom"], SPELLED.get(row["zone"], row["zone"])
            )
            for row in rows
        }
        return cls(communes | _arrondissements(communes))

    def commune(self, code: str, *, pointer: str | None = None) -> Commune:
        """Raises: UnknownCommune."""
        found = self._communes.get(code)
        if found is None:
            raise UnknownCommune(f"Le code commune « {code} » n'existe pas au zonage en vigueur.", pointer=pointer)
        return found


def _arrondissements(communes: dict[str, Commune]) -> dict[str, Commune]:
    made = dict[str, Commune]()
    for whole, first, count in ((PARIS, 75101, 20), (LYON, 69381, 9), (MARSEILLE, 13201, 16)):
        commune = communes[whole]
        for number in range(1, count + 1):
            code = str(first + number - 1)
            ordinal = "1er" if number == 1 else f"{number}e"
            made[code] = Commune(code, commune.department, f"{commune.name} {ordinal} arrondissement", commune.zone)
    return made


def rent_cap(zone: str, surface_m2: Decimal) -> Decimal | None:
    """The monthly rent cap in euros a square metre; None where there is none (zone C).

    `surface_m2`: living area and half of the annexes up to 8 m².
    """
    base = RENT_CAPS.get(zone)
    if base is None:
        return None
    multiplier = min(MAX_MULTIPLIER, Decimal("0.7") + Decimal(19) / surface_m2)
    return (base * multiplier).quantize(Decimal("0.01"), ROUND_HALF_UP)
