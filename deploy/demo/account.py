"""The account of the scenario: a line a dossier, the figures, the journals, and what must hold."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.operations import CAP_CENTS, ENDS, OPERATIONS, Story
from deploy.demo.people import Dossier
from deploy.demo.scenario import Scenario
from deploy.local.services import NAMES
from shared.documents import Database
from shared.journal.verify import Report, verify
from shared.money import format_euros
from shared.territory import Territory

FIGURES = (("Plafond", "cap"), ("Réservé", "reserved"), ("Engagé", "committed"), ("Disponible", "available"))


@dataclass(frozen=True, slots=True)
class Line:
    """One dossier of the account."""

    dossier: Dossier
    timeline: dict[str, Any]

    @property
    def why(self) -> str:
        labels = [entry["label"] for entry in self.timeline["entries"]]
        if self.timeline["reason"]:
            return self.timeline["reason"]
        if self.timeline["envelope"] == "waitlisted":
            return "Attend que des montants soient libérés"
        notes = {
            "Sorti de la liste d'attente, montant réservé": "promu de la liste d'attente",
            "Complément demandé": "complément demandé et fourni, même rang",
        }
        said = [note for label, note in notes.items() if label in labels]
        if labels.count("Règlement reçu") > 1:
            said.append("prime réglée en deux fois")
        if self.dossier.operation.story is Story.SIGN_BY_HAND:
            said.append("convention signée à la main, contrôlée par une personne")
        if self.dossier.operation.story is Story.ACCEPT_AFTER_BOARD:
            said.append("accepté après le Conseil")
        if self.timeline["status"] == "offer_expired":
            said.append("sans réponse après dix jours ouvrés")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Journals:
    """What verification found in a service's database; announcements of streams not wholly published yet."""

    report: Report
    unpublished: int


async def journals(mongo_url: str) -> dict[str, Journals]:
    found = dict[str, Journals]()
    for name in NAMES:
        database = Database(mongo_url, name)
        try:
            commits = database.collection("journal")
            report = await verify(commits.find({}, sort=[("version", 1)]))
            found[name] = Journals(report, await database.collection("outbox").count({}))
        finally:
            database.close()
    return found


def expected_statuses() -> list[str]:
    """What a naive ledger says: the failing ones give back, the waiting ones are served in order."""
    ends = [ENDS.get(operation.story, "acte_transmitted") for operation in OPERATIONS]
    held = 0
    waiting = list[int]()
    for number, operation in enumerate(OPERATIONS):
        if waiting or held + operation.principal_cents > CAP_CENTS:
            waiting.append(number)
        else:
            held += operation.principal_cents
    returned = sum(
        operation.principal_cents
        for number, operation in enumerate(OPERATIONS)
        if operation.story in ENDS and number not in waiting
    )
    room = CAP_CENTS - held + returned
    for place, number in enumerate(waiting):
        if OPERATIONS[number].principal_cents > room:
            return [end if one not in waiting[place:] else "submitted" for one, end in enumerate(ends)]
        room -= OPERATIONS[number].principal_cents
    return ends


def checks(lines: list[Line], figures: dict[str, Any], found: dict[str, Journals]) -> dict[str, bool]:
    """What must hold at the end, in words."""
    numbers = [line.timeline["deposit_number"] for line in lines]
    effective = sum(
        line.dossier.operation.principal_cents for line in lines if line.timeline["status"] == "acte_transmitted"
    )
    reserved_and_committed = figures["reserved_cents"] + figures["committed_cents"]
    return {
        "Les numéros suivent l'ordre de dépôt, sans trou": numbers == list(range(1, len(lines) + 1)),
        "Chaque dossier en est où son histoire le mène": [line.timeline["status"] for line in lines]
        == expected_statuses(),
        "Réservé + engagé ne dépasse pas le plafond": reserved_and_committed <= figures["cap_cents"],
        "Le montant engagé est celui des actes transmis": figures["committed_cents"] == effective,
        "Plus rien n'est réservé sans être engagé": figures["reserved_cents"] == 0,
        "Les journaux sont intacts": all(one.report.clean for one in found.values()),
        "Tout ce qui est inscrit est publié": not any(one.unpublished for one in found.values()),
    }


async def lines_of(scenario: Scenario) -> list[Line]:
    return [Line(dossier, await scenario.portal.timeline(dossier)) for dossier in scenario.dossiers]


def show(console: Console, lines: list[Line], figures: dict[str, Any], found: dict[str, Journals]) -> bool:
    """Print the account. True when everything is as it must be."""
    communes = Territory.load()
    table = Table(title="Les dossiers, par ordre de dépôt", title_justify="left", expand=False)
    table.add_column("N°", justify="right", no_wrap=True)
    table.add_column("Opération")
    table.add_column("Foncier", justify="right", no_wrap=True)
    table.add_column("Bâti", justify="right", no_wrap=True)
    for name in ("Enveloppe", "Où en est le dossier", "Pourquoi"):
        table.add_column(name)
    for line in lines:
        operation = line.dossier.operation
        table.add_row(
            str(line.timeline["deposit_number"]),
            f"{operation.name}, {communes.commune(operation.commune_code).name}",
            format_euros(operation.land_cents),
            format_euros(operation.building_cents),
            line.timeline["envelope_label"] or "",
            line.timeline["status_label"],
            line.why,
        )
    console.print(table)
    for label, figure in FIGURES:
        console.print(f"{label:<11} {format_euros(figures[f'{figure}_cents']):>20}")
    console.print(f"En attente  {figures['waiting']} dossier(s), {format_euros(figures['waiting_cents'])}\n")
    for name, one in found.items():
        state = "intact" if one.report.clean else "FAUX"
        report = one.report
        counted = f"{report.streams:>4} flux {report.commits:>5} inscriptions {report.events:>5} faits"
        console.print(f"Journal {name:<12} {counted} : {state}")
        for fault in report.faults:
            console.print(f"  {fault}")
    console.print()
    held = checks(lines, figures, found)
    for label, holds in held.items():
        console.print(f"{'✓' if holds else '✗'} {label}")
    return all(held.values())
