"""Print a paper again from the journal: `python -m services.contracting.reprint DOSSIER convention|premium_call|acte`.

It reads the journal only, and compares the bytes with the SHA-256 recorded before any signature: the same data,
templates and typesetter give the same bytes.
"""

import argparse
import asyncio
import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from services.contracting.documents import render_acte, render_convention, render_premium_call
from services.contracting.domain.convention import Terms
from services.contracting.domain.engagement import KIND, Engagement, EngagementDocument
from services.contracting.domain.facts import ActePrepared, PapersPrinted, Printing
from shared.contracts.contracting import ConventionSent
from shared.documents import Database, Documents
from shared.errors import NotFound
from shared.events import Event
from shared.journal import Commit
from shared.typeset import ENGINE

REPRINTED = (EngagementDocument.CONVENTION, EngagementDocument.PREMIUM_CALL, EngagementDocument.ACTE)


@dataclass(frozen=True, slots=True)
class Reprint:
    """A paper printed again, and how it was printed the first time."""

    pdf: bytes
    recorded: Printing

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()

    @property
    def same(self) -> bool:
        return self.sha256 == self.recorded.sha256


async def reprint(events: Sequence[Event], kind: EngagementDocument) -> Reprint:
    """The last paper of a kind that a dossier's events tell of. Raises: NotFound."""
    wanted = ActePrepared if kind is EngagementDocument.ACTE else ConventionSent
    place = max((number for number, event in enumerate(events) if isinstance(event, wanted)), default=None)
    if place is None:
        raise NotFound("Ce document n'a pas encore été édité.")
    engagement = reduce(Engagement.fold, events[:place], Engagement())
    match events[place], events[place - 1]:
        case ActePrepared(printing=Printing() as recorded, prepared_at=made_at), _:
            return Reprint(await render_acte(engagement, made_at, recorded.guarantor, recorded.templates), recorded)
        case ConventionSent() as sent, PapersPrinted() as papers:
            agreed = Terms.model_validate(sent.model_dump(include=set(Terms.model_fields)))
            if kind is EngagementDocument.CONVENTION:
                recorded = papers.convention
                again = await render_convention(engagement, agreed, recorded.guarantor, recorded.templates)
                return Reprint(again, recorded)
            recorded = papers.premium_call
            return Reprint(await render_premium_call(engagement, agreed, papers.payee, recorded.templates), recorded)
        case _:
            raise NotFound("Le journal ne dit pas comment ce document a été édité.")


async def events_of(commits: Documents, dossier_id: str) -> list[Event]:
    """Every event of a dossier's engagement, in order."""
    found = commits.find({"stream": KIND.stream(dossier_id)}, sort=[("version", 1)])
    decoded = [Commit.from_document(document).decoded() async for document in found]
    return [event for entries in decoded for entry in entries for event in entry.events]


async def compare(events: Sequence[Event], kind: EngagementDocument, out: Path | None = None) -> int:
    """Print again, say whether it is the same; 0 when the bytes are."""
    try:
        again = await reprint(events, kind)
    except NotFound as missing:
        print(missing.detail, file=sys.stderr)
        return 1
    if out is not None:
        out.write_bytes(again.pdf)
    print(f"{kind.value} : {again.sha256}")
    if again.same:
        print("identique à l'édition d'origine, à l'octet près")
        return 0
    print(f"DIFFÉRENT de l'édition d'origine {again.recorded.sha256}", file=sys.stderr)
    if again.recorded.engine != ENGINE:
        print(f"édité par {again.recorded.engine}, réédité par {ENGINE}", file=sys.stderr)
    return 1


def main() -> None:
    parser = argparse.ArgumentParser(description="Réédite un document à partir du journal, en lecture seule.")
    parser.add_argument("dossier")
    parser.add_argument("kind", choices=[kind.value for kind in REPRINTED])
    parser.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parser.add_argument("--database", default="contracting")
    parser.add_argument("--out", type=Path, help="où écrire le PDF réédité, sans signature")
    arguments = parser.parse_args()
    if not arguments.url:
        parser.error("--url ou ALS_MONGO_URL est nécessaire")
    raise SystemExit(asyncio.run(run(arguments)))


async def run(arguments: argparse.Namespace) -> int:
    database = Database(arguments.url, arguments.database)
    try:
        events = await events_of(database.collection("journal"), arguments.dossier)
    finally:
        database.close()
    return await compare(events, EngagementDocument(arguments.kind), arguments.out)


if __name__ == "__main__":
    main()
