"""Printing a paper again from a journal, and saying whether it is the same: what the `reprint` commands share.

They read the journal only, and compare the bytes with the SHA-256 recorded before any signature: the same data,
templates and typesetter give the same bytes.
"""

import argparse
import asyncio
import hashlib
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.contracts.values import Printing
from shared.documents import Database, Documents
from shared.errors import NotFound
from shared.events import Event
from shared.journal import Commit
from shared.typeset import ENGINE


class NeverPrinted(NotFound):
    type = "never-printed"
    title = "Document jamais édité"


class PrintingUnknown(NotFound):
    type = "printing-unknown"
    title = "Édition inconnue"

    def __init__(self) -> None:
        super().__init__("Le journal ne dit pas comment ce document a été édité.")


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


async def events_of(commits: Documents, stream: str) -> list[Event]:
    """Every event of a stream, in order."""
    found = commits.find({"stream": stream}, sort=[("version", 1)])
    decoded = [Commit.from_document(document).decoded() async for document in found]
    return [event for entries in decoded for entry in entries for event in entry.events]


async def compare(name: str, printing: Awaitable[Reprint], out: Path | None = None) -> int:
    """Print again, say whether it is the same; 0 when the bytes are."""
    try:
        again = await printing
    except NotFound as missing:
        print(missing.detail, file=sys.stderr)
        return 1
    if out is not None:
        out.write_bytes(again.pdf)
    print(f"{name} : {again.sha256}")
    if again.same:
        print("identique à l'édition d'origine, à l'octet près")
        return 0
    print(f"DIFFÉRENT de l'édition d'origine {again.recorded.sha256}", file=sys.stderr)
    if again.recorded.engine != ENGINE:
        print(f"édité par {again.recorded.engine}, réédité par {ENGINE}", file=sys.stderr)
    return 1


def command(database: str) -> argparse.ArgumentParser:
    """The arguments that every reprint takes; `database` is the service's."""
    parser = argparse.ArgumentParser(description="Réédite un document à partir du journal, en lecture seule.")
    parser.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parser.add_argument("--database", default=database)
    parser.add_argument("--out", type=Path, help="où écrire le PDF réédité, sans signature")
    return parser


def run(
    parser: argparse.ArgumentParser,
    arguments: argparse.Namespace,
    name: str,
    stream: str,
    reprint: Callable[[Sequence[Event]], Awaitable[Reprint]],
) -> int:
    """Read the stream of the database the arguments name and compare; the exit code."""
    if not arguments.url:
        parser.error("--url ou ALS_MONGO_URL est nécessaire")

    async def read() -> list[Event]:
        database = Database(arguments.url, arguments.database)
        try:
            return await events_of(database.collection("journal"), stream)
        finally:
            database.close()

    async def both() -> int:
        return await compare(name, reprint(await read()), arguments.out)

    return asyncio.run(both())
