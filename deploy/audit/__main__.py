"""`python -m deploy.audit verify|export|stamp` (docs/adr/0015).

verify [BUNDLE] [--at TIME] [--trust PEM]   the five databases or a bundle; with --at, the envelope as it stood
export BUNDLE                               what verify needs, in files, with no server and no settings
stamp --authority URL                       have the journals' heads time-stamped (RFC 3161)
"""

import argparse
import asyncio
import os
from contextlib import closing
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate
from rich.console import Console
from rich.table import Table

from deploy.audit.checks import Audit, as_of, audit
from deploy.audit.knowledge import Knowledge, knowledge_of
from deploy.audit.source import Databases, Exported, Source, export
from deploy.local.services import NAMES
from services.envelope.api import figures_of, waiting_of
from services.envelope.domain.ledger import Ledger
from shared.documents import Database
from shared.errors import Unavailable
from shared.journal import stamps
from shared.journal.bundle import BundleError
from shared.journal.stamps import HttpAuthority, StampRefused
from shared.journal.verify import Report
from shared.money import format_euros

EX_UNAVAILABLE = 69
FIGURES = (("Plafond", "cap"), ("Réservé", "reserved"), ("Engagé", "committed"), ("Disponible", "available"))


def show_audit(console: Console, found: Audit, trusting: bool) -> None:
    """A line a service, then each first wrong commit with what was expected."""
    for name, report in found.reports.items():
        console.print(
            f"{name} : {report.streams} flux, {report.commits} inscriptions, {report.events} faits, "
            f"{found.stamps[name]} horodatages"
        )
        for fault in report.faults:
            console.print(f"  FAUX {fault}", markup=False)
    for fault in found.between:
        console.print(f"FAUX {fault}", markup=False)
    if any(found.stamps.values()) and not trusting:
        console.print("Signatures des horodatages non vérifiées : indiquez une autorité de confiance (--trust).")
    console.print("Tout concorde." if found.clean else "Des inscriptions sont fausses.")


def show_as_of(console: Console, report: Report) -> None:
    """The three figures, the waiting list and the numbers of each envelope."""
    for stream, head in sorted(report.heads.items()):
        if isinstance(head.state, Ledger):
            _show_ledger(console, stream.split(":", 1)[1], head.state)


def _show_ledger(console: Console, campaign_id: str, ledger: Ledger) -> None:
    figures = figures_of(campaign_id, ledger)
    console.print(f"\nEnveloppe {campaign_id}, règles version {figures.rules_version}")
    for label, name in FIGURES:
        console.print(f"  {label} : {format_euros(getattr(figures, f'{name}_cents'))}")
    waiting = Table("place", "numéro", "dossier", "montant", title="Liste d'attente")
    for one in waiting_of(ledger):
        waiting.add_row(str(one.place), str(one.deposit_number), one.dossier_id, format_euros(one.amount_cents))
    numbers = Table("numéro", "dossier", "montant", "état", title="Numéros")
    for dossier_id, line in ledger.reservations.items():
        numbers.add_row(str(line.number), dossier_id, format_euros(line.amount_cents), line.standing)
    console.print(waiting, numbers)


async def verified(console: Console, source: Source, knowledge: dict[str, Knowledge], args: argparse.Namespace) -> bool:
    if args.at is not None:
        report = await as_of(source, "envelope", knowledge["envelope"], args.at)
        show_as_of(console, report)
        for fault in report.faults:
            console.print(f"FAUX {fault}", markup=False)
        return report.clean
    found = await audit(source, knowledge, args.trust)
    show_audit(console, found, bool(args.trust))
    return found.clean


async def stamped(console: Console, url: str, authority: HttpAuthority) -> None:
    for name in NAMES:
        with closing(Database(url, name)) as database:
            covered = await stamps.stamp(database.collection("journal"), database.collection("stamps"), authority)
            console.print(f"{name} : {covered} flux horodatés")


def moment(text: str) -> datetime:
    """An ISO 8601 moment with its offset."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise argparse.ArgumentTypeError("indiquez le décalage horaire, par exemple 2024-04-29T09:00:00+02:00")
    return read


def authorities(path: str) -> list[Certificate]:
    """The roots to trust, from a PEM file."""
    try:
        return stamps.trusted(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path} : {error}") from None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.audit", description="Vérifier, exporter, horodater.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="vérifier les cinq journaux, ou un export")
    verify.add_argument("bundle", type=Path, nargs="?")
    verify.add_argument("--at", type=moment, help="l'enveloppe telle qu'elle était à ce moment")
    verify.add_argument("--trust", type=authorities, default=[], help="autorités d'horodatage de confiance (PEM)")
    write = commands.add_parser("export", help="écrire un export que verify lit sans serveur")
    write.add_argument("bundle", type=Path)
    mark = commands.add_parser("stamp", help="faire horodater ce qui est nouveau")
    mark.add_argument("--authority", default=os.environ.get("ALS_TIMESTAMP_URL"), help="défaut : ALS_TIMESTAMP_URL")
    for command in (verify, write, mark):
        command.add_argument("--url", default=os.environ.get("ALS_MONGO_URL"), help="défaut : ALS_MONGO_URL")
    parsed = parser.parse_args()
    if not parsed.url and (parsed.command != "verify" or parsed.bundle is None):
        parser.error("--url ou ALS_MONGO_URL est nécessaire")
    if parsed.command == "stamp" and not parsed.authority:
        parser.error("--authority ou ALS_TIMESTAMP_URL est nécessaire")
    return parsed


async def run(console: Console, args: argparse.Namespace) -> bool:
    """Raises: BundleError, StampRefused, Unavailable."""
    if args.command == "stamp":
        await stamped(console, args.url, HttpAuthority(args.authority))
        return True
    knowledge = {name: knowledge_of(name) for name in NAMES}
    bundle: Path | None = args.bundle
    if args.command == "verify" and bundle is not None:
        return await verified(console, Exported(bundle), knowledge, args)
    with closing(Databases(args.url, knowledge)) as databases:
        if args.command == "export" and bundle is not None:
            await export(databases, NAMES, bundle)
            console.print(f"Export écrit : {bundle}")
            return True
        return await verified(console, databases, knowledge, args)


def main() -> None:
    console = Console(highlight=False, soft_wrap=True)
    try:
        clean = asyncio.run(run(console, arguments()))
    except (BundleError, StampRefused) as error:
        console.print(f"{type(error).__name__} — {error}", markup=False)
        raise SystemExit(1) from None
    except Unavailable as outage:
        console.print(f"{outage.component} ne répond pas")
        raise SystemExit(EX_UNAVAILABLE) from None
    raise SystemExit(0 if clean else 1)


if __name__ == "__main__":
    main()
