"""From the settled acte to the BdT's acknowledgement: one acte, its proof, and what the BdT answers."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from services.contracting.api import delivery
from services.contracting.domain import acte as domain
from services.contracting.domain import screening
from services.contracting.domain.facts import ActeDelivered, Channel, Proof
from services.contracting.store import render_screening
from services.contracting.transmission import (
    Acte,
    ActeAltered,
    ActeNameTaken,
    BdtDirectory,
    Transmission,
    WayNotConfigured,
)
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
from tests.unit.contracting.cases import complete
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.samples import DOSSIER, NOW, OTHER, PRINTING, TODAY
from tests.unit.contracting.stationery import papers

PDF = b"%PDF-1.7 an acte"
SHA256 = hashlib.sha256(PDF).hexdigest()
NAME = "000012-d1"
ACTE = f"/engagements/{DOSSIER}/acte"


@dataclass
class Postbox:
    """Mail that is away until it is not, and keeps what it was given."""

    away: bool = False
    letters: list[bytes] = field(default_factory=list)

    async def send(self, acte: Acte, now: datetime) -> Proof:
        if self.away:
            raise Unavailable("bdt")
        self.letters.append(acte.pdf)
        return acte.proof(Channel.MAIL, "actes@bdt.example", "250 ok", now)

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        return {}


class Counter:
    """The office with a drop directory, a postbox beside it, and an acte that waits for both."""

    def __init__(self, root: Path) -> None:
        self.office, self.bdt = Office(), root / "bdt"
        self.bdt.mkdir()
        self.objects, self.postbox = DirectoryObjects(root / "objects"), Postbox()
        self.ways: dict[Channel, Transmission] = {
            Channel.DIRECTORY: BdtDirectory(self.bdt),
            Channel.MAIL: self.postbox,
        }
        view, clock = self.office.view("engagement"), self.office.clock
        self.engagements = Engagements(
            engagements=self.office.engagements,
            campaigns=Journal(campaign.KIND, self.office.commits, clock, self.office.keep),
            view=view,
            objects=self.objects,
            ways=self.ways,
            papers=papers(root, self.objects),
            clock=clock,
            screenings=Screenings(
                self.office.engagements, self.office.journal(screening.KIND, render_screening), view, None, clock, 30
            ),
        )
        self.acknowledgements = Acknowledgements(self.office.engagements, view, self.ways, clock)
        self.office.serve(delivery.router(self.engagements, self.acknowledgements))

    async def settle(self, *channels: Channel) -> None:
        case = complete()
        await self.office.know(case)
        acte = await keep_pdf(self.objects, "a/acte.pdf", PDF, document_id="acte", kind="acte", filename="acte.pdf")
        settled = domain.prepare(case.engagement, acte, PRINTING, case.engagement.loans, channels, OTHER, NOW)
        await self.office.happen(settled)

    async def delivery(self) -> dict:
        return (await self.office.call("GET", f"{ACTE}/delivery", role=Role.AUDITOR)).json()

    async def events(self, kind: type) -> list:
        return [event async for event in self.office.engagements.events(DOSSIER) if isinstance(event, kind)]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.bdt.iterdir())

    def answer(self, content: str) -> None:
        (self.bdt / f"{NAME}.ack.json").write_text(content)


@pytest.fixture
async def counter(tmp_path) -> Counter:
    made = Counter(tmp_path)
    await made.settle(Channel.DIRECTORY)
    return made


@pytest.fixture
async def both(tmp_path) -> Counter:
    """An acte that goes to the drop and by mail."""
    made = Counter(tmp_path)
    await made.settle(Channel.DIRECTORY, Channel.MAIL)
    return made


async def test_a_transmission_keeps_its_proof(counter):
    nothing = await counter.office.call("GET", f"{ACTE}/delivery", role=Role.AUDITOR)
    assert problem(nothing) == "not-found"
    await counter.engagements.transmit_pending()
    read = await counter.delivery()
    (proof,) = read["proofs"]
    assert (proof["channel"], proof["name"], proof["size_bytes"]) == ("directory", f"{NAME}.pdf", len(PDF))
    assert proof["sha256"] in proof["answer"]
    assert proof["destination"] == str(counter.bdt)
    assert (read["channels_left"], read["acknowledged_reference"]) == ([], None)


async def test_a_drop_and_mail_each_keep_their_proof_of_the_same_acte(both):
    await both.engagements.transmit_pending()
    await both.engagements.transmit_pending()
    proofs = (await both.delivery())["proofs"]
    assert [(one["channel"], one["sha256"]) for one in proofs] == [("directory", SHA256), ("mail", SHA256)]
    assert both.postbox.letters == [PDF]
    assert len(await both.events(ActeTransmitted)) == 1


async def test_mail_that_is_away_is_tried_again_and_the_drop_is_not(both):
    both.postbox.away = True
    with pytest.raises(Unavailable):
        await both.engagements.transmit(DOSSIER, ACTOR)
    written = (both.bdt / f"{NAME}.pdf").stat().st_mtime_ns
    assert (await both.delivery())["channels_left"] == ["mail"]
    assert len(await both.events(ActeTransmitted)) == 1
    both.postbox.away = False
    await both.engagements.transmit_pending()
    assert ((await both.delivery())["channels_left"], both.postbox.letters) == ([], [PDF])
    assert (both.bdt / f"{NAME}.pdf").stat().st_mtime_ns == written


async def test_a_drop_that_is_away_does_not_hold_up_the_mail_which_is_sent_once(both, tmp_path):
    both.bdt.rename(tmp_path / "unmounted")
    await both.engagements.transmit_pending()
    await both.engagements.transmit_pending()
    assert ((await both.delivery())["channels_left"], both.postbox.letters) == (["directory"], [PDF])
    (tmp_path / "unmounted").rename(both.bdt)
    await both.engagements.transmit_pending()
    assert (both.files(), both.postbox.letters) == ([f"{NAME}.json", f"{NAME}.pdf"], [PDF])


async def test_a_drop_that_holds_another_acte_of_that_name_holds_up_the_mail(both):
    (both.bdt / f"{NAME}.pdf").write_bytes(b"%PDF-1.7 another")
    with pytest.raises(ActeNameTaken):
        await both.engagements.transmit(DOSSIER, ACTOR)
    await both.engagements.transmit_pending()
    assert both.postbox.letters == []
    assert await both.events(ActeTransmitted) == []


async def test_a_way_that_was_settled_and_is_no_longer_configured_is_named(both):
    del both.ways[Channel.MAIL]
    with pytest.raises(WayNotConfigured, match="mail"):
        await both.engagements.transmit(DOSSIER, ACTOR)
    assert (await both.delivery())["channels_left"] == ["mail"]


async def test_a_way_configured_since_brings_no_acte_that_was_settled_before_it(counter):
    await counter.engagements.transmit_pending()
    await counter.engagements.transmit_pending()
    assert counter.postbox.letters == []


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


class Drop(Postbox):
    """A way that answers what it is given, and keeps what it was asked about."""

    def __init__(self, answers: dict[str, bytes] | None = None) -> None:
        super().__init__()
        self.answers, self.asked = answers or {}, list[list[str]]()

    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        self.asked.append(list(names))
        return {name: self.answers[name] for name in names if name in self.answers}


class Away(Postbox):
    async def acknowledgements(self, names: Sequence[str]) -> dict[str, bytes]:
        raise Unavailable("bdt")


async def test_an_acknowledgement_is_read_however_many_others_wait_before_it(counter, monkeypatch):
    """Nobody ever answers for three older actes, and one way is away: the last one's answer still arrives."""
    await counter.engagements.transmit_pending()
    view = counter.office.view("engagement")
    row = await view.get(DOSSIER)
    for number in (1, 2, 3):
        old = {"_id": f"old-{number}", "dossier_id": f"old-{number}", "deposit_number": 0, "acte_name": f"00-{number}"}
        await view.put(row | old)
    answer = {"reference": "BDT-1", "received_on": TODAY.isoformat(), "sha256": SHA256}
    drop = Drop({f"{NAME}.pdf": json.dumps(answer).encode()})
    monkeypatch.setattr("services.contracting.usecases.acknowledgements.AT_ONCE", 2)
    counter.ways.clear()
    counter.ways.update({Channel.MAIL: Away(), Channel.S3: drop})
    await counter.acknowledgements.collect()
    assert drop.asked == [["00-1", "00-2"], ["00-3", f"{NAME}.pdf"]]
    acknowledged = (await counter.office.engagement()).acknowledged
    assert acknowledged is not None
    assert acknowledged.reference == "BDT-1"
