"""Work an offer's price out again from the journal: `python -m services.pricing.recompute OFFER` (read-only).

Exit code 0 when every byte is the same, 1 naming what differs, 2 when there is nothing to recompute.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.pricing.domain import trace
from services.pricing.domain.offer import stream_of
from shared.documents import Database, Documents
from shared.errors import NotFound, Refusal
from shared.events import Event
from shared.journal import Commit
from shared.journal.verify import verify

EX_DIFFERENT, EX_NOTHING = 1, 2


@dataclass(frozen=True, slots=True)
class Recomputation:
    """The recomputed trace, and each difference from what the journal holds."""

    trace: bytes
    differences: Sequence[str]


async def recompute(commits: Documents, offer_id: str) -> Recomputation:
    """Verify the stream, fold the facts before the draft, price again, compare.

    Raises: NotFound, TraceMissing, GridHashMismatch.
    """
    found = commits.find({"stream": stream_of(offer_id)}, sort=[("version", 1)])
    documents = [document async for document in found]
    report = await verify(_each(documents))
    events: list[Event] = [
        event for document in documents for entry in Commit.from_document(document).decoded() for event in entry.events
    ]
    found = trace.find(events, offer_id)
    if found is None:
        raise NotFound(f"Aucun projet d'offre « {offer_id} » dans le journal.")
    before, drafted, issued = found
    again = trace.recompute(before, drafted)
    differences = [str(fault) for fault in report.faults] + trace.differences(drafted, again, issued)
    recomputed = trace.trace_bytes(again)
    assert bool(differences) or recomputed == trace.trace_bytes(drafted), "the same fields are the same bytes"
    return Recomputation(recomputed, differences)


async def _each(documents):
    for document in documents:
        yield document


async def recompute_in_database(url: str, database: str, offer_id: str) -> Recomputation:
    opened = Database(url, database)
    try:
        return await recompute(opened.collection("journal"), offer_id)
    finally:
        opened.close()


def report(offer_id: str, done: Recomputation, out: Path | None = None) -> int:
    """Write the recomputed trace to `out`, say what differs; the exit code."""
    if out is not None:
        out.write_bytes(done.trace)
    for difference in done.differences:
        print(f"  FAUX {difference}")
    state = "DIFFÉRENTE" if done.differences else "identique"
    print(f"{offer_id} : {state}, {len(done.trace)} octets")
    return EX_DIFFERENT if done.differences else 0


def main() -> None:
    parser = argparse.ArgumentParser(description="Recalcule une offre depuis le journal, en lecture seule.")
    parser.add_argument("offer", help="identifiant de l'offre, par exemple d0551e4-1")
    parser.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parser.add_argument("--database", default="pricing")
    parser.add_argument("--out", type=Path, help="où écrire la trace recalculée")
    arguments = parser.parse_args()
    if not arguments.url:
        parser.error("--url ou ALS_MONGO_URL est nécessaire")
    try:
        done = asyncio.run(recompute_in_database(arguments.url, arguments.database, arguments.offer))
    except Refusal as refusal:
        print(f"{arguments.offer} : {refusal.detail}")
        raise SystemExit(EX_NOTHING) from None
    raise SystemExit(report(arguments.offer, done, arguments.out))


if __name__ == "__main__":
    main()
