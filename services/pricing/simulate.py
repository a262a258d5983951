"""Compare two grids over every open dossier: `python -m services.pricing.simulate GRID_A GRID_B` (read-only).

A grid is a file, or a proposal or a version that the journal knows, or the packaged demonstration grid's version.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from services.pricing.domain import offer, tariff
from services.pricing.domain.grid import Grid, load_grid
from services.pricing.domain.offer import Offer
from services.pricing.domain.simulation import Comparison, Outcome, compare
from services.pricing.domain.tariff import Tariff
from services.pricing.grids import grid_bytes
from shared.documents import Database, Documents
from shared.errors import NotFound, Refusal
from shared.events import Event
from shared.journal import Commit
from shared.money import format_euros

EX_REFUSED = 2


async def simulate(commits: Documents, first: str, second: str, now: datetime) -> list[Comparison]:
    """Every open dossier on both grids. Raises: NotFound, InvalidGrid, GridVersionAmbiguous."""
    offers: dict[str, Offer] = {}
    tariffs = Tariff()
    async for stream, event in _events(commits):
        kind, key = stream.split(":", 1)
        if kind == offer.KIND.name:
            offers[key] = offers.get(key, Offer()).fold(event)
        elif kind == tariff.KIND.name:
            tariffs = tariffs.fold(event)
    return compare(offers.values(), grid_named(first, tariffs), grid_named(second, tariffs), now)


async def _events(commits: Documents) -> AsyncIterator[tuple[str, Event]]:
    async for document in commits.find({}, sort=[("version", 1)]):
        commit = Commit.from_document(document)
        for entry in commit.decoded():
            for event in entry.events:
                yield commit.stream, event


def grid_named(name: str, tariffs: Tariff) -> Grid:
    """Raises: NotFound, InvalidGrid, GridVersionAmbiguous."""
    if Path(name).is_file():
        return load_grid(Path(name).read_bytes())
    found = tariffs.named(name)
    if found is not None:
        return found
    packaged = load_grid(grid_bytes())
    if packaged.version != name:
        raise NotFound(
            f"Grille inconnue : « {name} » n'est ni un fichier, ni une proposition, ni une version du journal."
        )
    return packaged


def report(compared: Sequence[Comparison]) -> str:
    """A line a dossier, then the totals of those that both grids price."""
    lines = [f"{'n°':>5} {'capital':>22} {'grille A':>24} {'grille B':>24} {'écart':>18}  dossier"]
    for one in compared:
        difference = one.difference_cents
        shown = "—" if difference is None else format_euros(difference)
        lines.append(
            f"{one.deposit_number:>5} {format_euros(one.principal_cents):>22} {_shown(one.first):>24} "
            f"{_shown(one.second):>24} {shown:>18}  {one.dossier_id}"
        )
    both = [one for one in compared if one.difference_cents is not None]
    first = sum(one.first.premium_cents or 0 for one in both)
    second = sum(one.second.premium_cents or 0 for one in both)
    lines.append(
        f"{len(compared)} dossiers ouverts, {len(both)} tarifés par les deux grilles : "
        f"{format_euros(first)} et {format_euros(second)}, écart {format_euros(second - first)}"
    )
    return "\n".join(lines)


def _shown(outcome: Outcome) -> str:
    return outcome.refusal or format_euros(outcome.premium_cents or 0)


async def simulate_in_database(url: str, database: str, first: str, second: str) -> list[Comparison]:
    opened = Database(url, database)
    try:
        return await simulate(opened.collection("journal"), first, second, datetime.now(UTC))
    finally:
        opened.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare deux grilles sur les dossiers ouverts, en lecture seule.")
    parser.add_argument("first", metavar="GRILLE_A", help="fichier, version ou proposition")
    parser.add_argument("second", metavar="GRILLE_B", help="fichier, version ou proposition")
    parser.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parser.add_argument("--database", default="pricing")
    arguments = parser.parse_args()
    if not arguments.url:
        parser.error("--url ou ALS_MONGO_URL est nécessaire")
    try:
        compared = asyncio.run(
            simulate_in_database(arguments.url, arguments.database, arguments.first, arguments.second)
        )
    except Refusal as refusal:
        print(refusal.detail)
        raise SystemExit(EX_REFUSED) from None
    print(report(compared))


if __name__ == "__main__":
    main()
