"""From the settled acte to the BdT's acknowledgement: one acte, its proof, and what the BdT answers."""

import hashlib
import json
from pathlib import Path

import pytest

from services.contracting.api import delivery
from services.contracting.domain import acte as domain
from services.contracting.domain import screening
from services.contracting.domain.facts import ActeDelivered
from services.contracting.store import render_screening
from services.contracting.transmission import ActeAltered, BdtDirectory
from services.contracting.usecases.acknowledgements import Acknowledgements
from services.contracting.usecases.engagements import Engagements
from services.contracting.usecases.screenings import Screenings
from shared import campaign
from shared.auth import Role
from shared.contracts.contracting import ActeTransmitted
from shared.errors import Unavailable
from shared.filing import keep_pdf
from shared.journal import Journal
from shared.objects import DirectoryObjects
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.samples import DOSSIER, NOW, OTHER, PRINTING, TODAY, complete
from tests.unit.contracting.stationery import papers

PDF = b"%PDF-1.7 an acte"
SHA256 = hashlib.sha256(PDF).hexdigest()
NAME = "000012-d1"
ACTE = f"/engagements/{DOSSIER}/acte"


class Counter:
    """The office with a drop directory and an acte that waits for it."""

    def __init__(self, root: Path) -> None:
        self.office, self.bdt = Office(), root / "bdt"
        self.bdt.mkdir()
        self.objects = DirectoryObjects(root / "objects")
        way, view, clock = BdtDirectory(self.bdt), self.office.view("engagement"), self.office.clock
        self.engagements = Engagements(
            engagements=self.office.engagements,
            campaigns=Journal(campaign.KIND, self.office.commits, clock, self.office.keep),
            view=view,
            objects=self.objects,
            transmission=way,
            papers=papers(root, self.objects),
            clock=clock,
            screenings=Screenings(
                self.office.engagements, self.office.journal(screening.KIND, render_screening), view, None, clock, 30
            ),
        )
        self.acknowledgements = Acknowledgements(self.office.engagements, view, way, clock)
        self.office.serve(delivery.router(self.engagements, self.acknowledgements))

    async def settle(self) -> None:
        case = complete()
        await self.office.know(case)
        acte = await keep_pdf(self.objects, "a/acte.pdf", PDF, document_id="acte", kind="acte", filename="acte.pdf")
        await self.office.happen(domain.prepare(case.engagement, acte, PRINTING, case.engagement.loans, OTHER, NOW))

    async def events(self, kind: type) -> list:
        return [event async for event in self.office.engagements.events(DOSSIER) if isinstance(event, kind)]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.bdt.iterdir())

    def answer(self, content: str) -> None:
        (self.bdt / f"{NAME}.ack.json").write_text(content)


@pytest.fixture
async def counter(tmp_path) -> Counter:
    made = Counter(tmp_path)
    await made.settle()
    return made


async def test_a_transmission_keeps_its_proof(counter):
    nothing = await counter.office.call("GET", f"{ACTE}/delivery", role=Role.AUDITOR)
    assert problem(nothing) == "not-found"
    await counter.engagements.transmit_pending()
    read = (await counter.office.call("GET", f"{ACTE}/delivery", role=Role.AUDITOR)).json()
    assert (read["channel"], read["name"], read["size_bytes"]) == ("directory", f"{NAME}.pdf", len(PDF))
    assert read["sha256"] in read["answer"]
    assert (read["destination"], read["acknowledged_reference"]) == (str(counter.bdt), None)


async def test_a_crash_between_send_and_record_ends_with_one_acte(counter, monkeypatch):
    insert = counter.office.commits.insert

    async def die(document):
        if "ActeTransmitted" in str(document):
            raise Unavailable("database")
        await insert(document)

    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    monkeypatch.setattr(counter.office.commits, "insert", die)
    with pytest.raises(Unavailable):
        await counter.engagements.transmit(DOSSIER, ACTOR)
    assert counter.files() == [f"{NAME}.json", f"{NAME}.pdf"]
    assert await counter.events(ActeTransmitted) == []
    monkeypatch.setattr(counter.office.commits, "insert", insert)
    written = (counter.bdt / f"{NAME}.pdf").stat().st_mtime_ns
    await counter.engagements.transmit_pending()
    await counter.engagements.transmit_pending()
    assert counter.files() == [f"{NAME}.json", f"{NAME}.pdf"]
    assert (counter.bdt / f"{NAME}.pdf").stat().st_mtime_ns == written
    assert len(await counter.events(ActeTransmitted)) == len(await counter.events(ActeDelivered)) == 1


async def test_an_acte_whose_kept_bytes_changed_is_not_sent(counter, tmp_path):
    (tmp_path / "objects" / "a" / "acte.pdf").write_bytes(b"%PDF-1.7 forged")
    with pytest.raises(ActeAltered):
        await counter.engagements.transmit(DOSSIER, ACTOR)
    await counter.engagements.transmit_pending()
    assert counter.files() == []


@pytest.mark.parametrize("role", [Role.LEGAL_OFFICER, Role.ACCOUNTANT])
async def test_a_person_records_the_acknowledgement(counter, role):
    body = {"reference": "BDT-1", "received_on": TODAY.isoformat()}
    early = await counter.office.call("POST", f"{ACTE}/acknowledgement", body, role)
    assert problem(early) == "acte-not-transmitted"
    await counter.engagements.transmit_pending()
    read = (await counter.office.call("POST", f"{ACTE}/acknowledgement", body, role)).json()
    assert (read["acknowledged_reference"], read["acknowledged_on"]) == ("BDT-1", TODAY.isoformat())
    missing = await counter.office.call("POST", "/engagements/none/acte/acknowledgement", body, role)
    assert problem(missing) == "not-found"


async def test_an_acknowledgement_file_is_read_from_the_drop(counter):
    await counter.engagements.transmit_pending()
    await counter.acknowledgements.collect()
    assert (await counter.office.engagement()).acknowledged is None
    answer = {"reference": "BDT-1", "received_on": TODAY.isoformat(), "sha256": SHA256, "more": 1}
    counter.answer(json.dumps(answer))
    await counter.acknowledgements.collect()
    await counter.acknowledgements.collect()
    acknowledged = (await counter.office.engagement()).acknowledged
    assert acknowledged is not None
    assert (acknowledged.reference, acknowledged.recorded_by) == ("BDT-1", "service:contracting")


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        json.dumps({"reference": "BDT-1", "received_on": TODAY.isoformat()}),
        json.dumps({"reference": "BDT-1", "received_on": TODAY.isoformat(), "sha256": "0" * 64}),
        json.dumps({"reference": "BDT-1", "received_on": "2030-01-01", "sha256": SHA256}),
    ],
    ids=["unreadable", "without hash", "of another acte", "in the future"],
)
async def test_an_acknowledgement_file_that_does_not_hold_is_left_to_a_person(counter, content):
    await counter.engagements.transmit_pending()
    counter.answer(content)
    await counter.acknowledgements.collect()
    assert (await counter.office.engagement()).acknowledged is None
