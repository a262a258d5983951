"""The board's use cases on journals in memory: the agenda, many decisions at once, the minutes, the announcement."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from services.contracting.domain import board as board_domain
from services.contracting.domain.board import Decision, Session, Votes
from services.contracting.domain.board_refusals import (
    AgendaNotFinished,
    ChairNotNamed,
    DecisionFinal,
    DossierNamedTwice,
    NotOnAgenda,
)
from services.contracting.domain.deliberation import Taken
from services.contracting.domain.refusals import AlreadyDecided, TwoPeopleNeeded, UnknownDossier
from services.contracting.reprint import reprint_minutes
from shared.contracts.values import StoredDocument
from shared.errors import NotFound, Unavailable
from shared.filing import DocumentAltered
from shared.objects import Retained
from shared.reprint import NeverPrinted, events_of
from tests.archival import check_archival
from tests.unit.contracting.boardroom import AUTHOR, SIGNER, Office
from tests.unit.contracting.samples import MEMBERS, TODAY

TWO_SESSIONS = date(2024, 6, 2), TODAY


@pytest.fixture
async def office(tmp_path) -> Office:
    """Three favourable dossiers, heard of in another order than they were deposited."""
    made = Office(tmp_path)
    for dossier_id, number in (("d3", 3), ("d1", 1), ("d2", 2)):
        await made.favourable(dossier_id, number)
    return made


def said(minutes: tuple[StoredDocument, bytes]) -> str:
    """The text of the printed minutes, spaces and line ends made plain."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(minutes[1])).pages).split())


def agenda(session: Session) -> list[str]:
    return [item.dossier_id for item in session.agenda]


async def test_the_agenda_is_the_favourable_dossiers_in_deposit_order(office):
    assert agenda(await office.open()) == ["d1", "d2", "d3"]
    await office.favourable("d0", 4)
    assert agenda(await office.open()) == ["d1", "d2", "d3"]
    await office.withdraw("d2")
    assert agenda(await office.board.draw_agenda("ca-2024-06-03", AUTHOR)) == ["d1", "d3", "d0"]
    assert [row["items"] for row in await office.board.listed(0, 10)] == [3]


async def test_an_unknown_session_is_not_found(office):
    for attempt in (
        office.board.session("ca-2024-01-01"),
        office.board.draw_agenda("ca-2024-01-01", AUTHOR),
        office.decide("ca-2024-01-01", ("d1", Decision.CONFIRM)),
        office.board.minutes("ca-2024-01-01"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_many_decisions_are_answered_one_by_one_and_a_refused_one_stops_no_other(office):
    await office.open()
    await office.favourable("d9", 9)
    answers = await office.decide(
        "ca-2024-06-03",
        ("d1", Decision.CONFIRM),
        ("nobody", Decision.CONFIRM),
        ("d9", Decision.CONFIRM),
        ("d3", Decision.REFUSE),
    )
    assert [type(answer) for answer in answers] == [type(None), UnknownDossier, NotOnAgenda, type(None)]
    session = await office.board.session("ca-2024-06-03")
    assert {line.dossier_id: line.decision for line in session.decisions} == {
        "d1": Decision.CONFIRM,
        "d3": Decision.REFUSE,
    }
    with pytest.raises(DossierNamedTwice):
        await office.decide("ca-2024-06-03", ("d1", Decision.CONFIRM), ("d1", Decision.REFUSE))


async def test_presence_and_recusals_are_recorded_in_the_session(office):
    await office.open()
    await office.board.record_attendance("ca-2024-06-03", MEMBERS[:4], "m2", AUTHOR)
    session = await office.board.record_recusals("ca-2024-06-03", "d1", ("m1",), AUTHOR)
    assert (session.deciders("d1"), session.chair_id) == ({"m2", "m3", "m4"}, "m2")


async def test_nothing_is_announced_before_the_sign_off_and_each_decision_once_after_it(office):
    await office.open()
    await office.decide("ca-2024-06-03", ("d1", Decision.CONFIRM), ("d2", Decision.REFUSE), ("d3", Decision.ADJOURN))
    await office.board.write_minutes("ca-2024-06-03", AUTHOR)
    assert office.announced == []
    session = await office.sign("ca-2024-06-03")
    assert office.announced == ["BoardConfirmed d1", "BoardRefused d2", "BoardAdjourned d3"]
    assert session.announced is not None
    assert await office.kinds("d1") == ["BoardConfirmed", "Engaged"]
    await office.sign("ca-2024-06-03")
    await office.board.announce_pending()
    assert len(office.announced) == 3
    (refused,) = await office.decide("ca-2024-06-03", ("d1", Decision.REFUSE))
    assert isinstance(refused, DecisionFinal)


async def test_what_a_session_adjourned_is_on_the_agenda_of_the_next_one(office):
    await office.open(TWO_SESSIONS[0])
    await office.decide("ca-2024-06-02", ("d1", Decision.CONFIRM), ("d2", Decision.ADJOURN), ("d3", Decision.REFUSE))
    await office.sign("ca-2024-06-02")
    (item,) = (await office.open()).agenda
    assert (item.dossier_id, item.adjourned_on) == ("d2", date(2024, 6, 2))


async def test_what_a_session_decided_and_did_not_announce_is_decided_by_no_other(office):
    await office.open(number=2)
    await office.open(TWO_SESSIONS[0])
    await office.decide("ca-2024-06-02", ("d1", Decision.CONFIRM), ("d2", Decision.ADJOURN))
    assert agenda(await office.open()) == ["d2", "d3"]
    first, second = await office.decide("ca-2024-06-03-02", ("d1", Decision.CONFIRM), ("d2", Decision.CONFIRM))
    assert isinstance(first, AlreadyDecided)
    assert second is None


async def test_minutes_wait_for_the_whole_agenda_but_not_for_dossiers_that_ended(office):
    await office.open()
    await office.decide("ca-2024-06-03", ("d1", Decision.CONFIRM))
    await office.withdraw("d2")
    with pytest.raises(AgendaNotFinished) as refused:
        await office.board.write_minutes("ca-2024-06-03", AUTHOR)
    assert refused.value.facts == {"missing": [3]}
    await office.decide("ca-2024-06-03", ("d3", Decision.CONFIRM))
    written = (await office.board.write_minutes("ca-2024-06-03", AUTHOR)).minutes
    assert written.struck == ("d2",)
    assert (await office.board.write_minutes("ca-2024-06-03", SIGNER)).minutes == written
    with pytest.raises(Retained):
        await office.board.objects.delete(written.minutes.object_key)


async def test_the_author_of_the_minutes_does_not_sign_them(office):
    await office.open()
    await office.decide("ca-2024-06-03", *[(name, Decision.CONFIRM) for name in ("d1", "d2", "d3")])
    written = (await office.board.write_minutes("ca-2024-06-03", AUTHOR)).minutes
    with pytest.raises(TwoPeopleNeeded):
        await office.board.sign_off("ca-2024-06-03", written.minutes.sha256, AUTHOR)
    assert office.announced == []


async def test_a_stop_between_two_dossiers_is_made_good_and_announces_each_once(office, monkeypatch):
    await office.open()
    await office.decide("ca-2024-06-03", *[(name, Decision.CONFIRM) for name in ("d1", "d2", "d3")])
    written = (await office.board.write_minutes("ca-2024-06-03", AUTHOR)).minutes
    insert = office.commits.insert

    async def fails_at_the_second_dossier(document):
        if document["stream"] == "engagement:d2":
            raise Unavailable("database")
        await insert(document)

    monkeypatch.setattr(office.commits, "insert", fails_at_the_second_dossier)
    monkeypatch.setattr("shared.journal.journal.INSERT_RETRY_SECONDS", 0)
    with pytest.raises(Unavailable):
        await office.board.sign_off("ca-2024-06-03", written.minutes.sha256, SIGNER)
    assert office.announced == ["BoardConfirmed d1"]
    assert (await office.board.session("ca-2024-06-03")).announced is None
    monkeypatch.setattr(office.commits, "insert", insert)
    await office.board.announce_pending()
    assert office.announced == ["BoardConfirmed d1", "BoardConfirmed d2", "BoardConfirmed d3"]
    assert (await office.board.session("ca-2024-06-03")).announced is not None


async def test_the_minutes_are_the_same_bytes_when_printed_again_from_the_journal(office):
    await office.open()
    await office.board.record_recusals("ca-2024-06-03", "d2", ("m5",), AUTHOR)
    partly = Taken(
        "d2", Decision.REFUSE, "Exposition trop élevée", Votes(in_favour=("m1", "m2", "m3"), against=("m4",))
    )
    await office.board.decide("ca-2024-06-03", [partly], AUTHOR)
    await office.decide("ca-2024-06-03", ("d1", Decision.CONFIRM), ("d3", Decision.ADJOURN))
    await office.sign("ca-2024-06-03")
    document, kept = await office.board.minutes("ca-2024-06-03")
    events = await events_of(office.commits, board_domain.KIND.stream("ca-2024-06-03"))
    again = await reprint_minutes(events)
    assert again.same
    assert (again.pdf, again.sha256) == (kept, document.sha256)
    check_archival(kept, "Procès-verbal")
    fewer = [event for event in events if getattr(event, "dossier_id", "") != "d3"]
    assert not (await reprint_minutes(fewer)).same


async def test_stored_minutes_that_were_exchanged_are_not_served(office, tmp_path):
    await office.open()
    await office.decide("ca-2024-06-03", *((one, Decision.CONFIRM) for one in ("d1", "d2", "d3")))
    written = (await office.board.write_minutes("ca-2024-06-03", AUTHOR)).minutes
    assert written is not None
    stored = tmp_path / written.minutes.object_key
    stored.chmod(0o644)
    stored.write_bytes(b"%PDF-1.7 something else")
    with pytest.raises(DocumentAltered):
        await office.board.minutes("ca-2024-06-03")


async def test_minutes_that_were_never_written_are_not_printed_again(office):
    await office.open()
    stream = board_domain.KIND.stream("ca-2024-06-03")
    with pytest.raises(NeverPrinted):
        await reprint_minutes(await events_of(office.commits, stream))


async def test_the_minutes_say_who_sat_voted_kept_out_and_what_was_decided(office):
    await office.open()
    await office.board.record_recusals("ca-2024-06-03", "d2", ("m5",), AUTHOR)
    partly = Taken(
        "d2", Decision.REFUSE, "Exposition trop élevée", Votes(in_favour=("m1", "m2", "m3"), against=("m4",))
    )
    await office.board.decide("ca-2024-06-03", [partly], AUTHOR)
    await office.decide("ca-2024-06-03", ("d1", Decision.CONFIRM))
    await office.withdraw("d3")
    await office.board.write_minutes("ca-2024-06-03", AUTHOR)
    text = said(await office.board.minutes("ca-2024-06-03"))
    for wanted in (
        "3 juin 2024",
        "4 présents au moins sur 6 membres (règle essai)",
        "le conseil délibère valablement",
        "Excusés Membre m6",
        "Déports Membre m5",
        "sous la présidence de Membre m1",
        "Président de séance Membre m1",
        "En cas de partage, la voix du président de séance",
        "Pour le refus 3 (Membre m1, Membre m2, Membre m3)",
        "Contre le refus 1 (Membre m4)",
        "Pour la confirmation 5 (Membre m1",
        "Procès-verbal établi le 3 juin 2024 à 10 h 00 (heure de Paris)",
        "Page 1 sur",
        "Motif Exposition trop élevée",
        "4 250 000,00 €",
        "100 488,15 €",
        "Retirés de l’ordre du jour",
        "n° 3 (campagne c)",
    ):
        assert wanted in text, wanted
    assert "Voix pour" not in text


MINE, OTHERS = ("m1", "m2"), ("m3", "m4")


@pytest.mark.parametrize(
    ("decision", "motion"),
    [
        (Decision.CONFIRM, "la confirmation"),
        (Decision.REFUSE, "le refus"),
        (Decision.ADJOURN, "l’ajournement"),
    ],
)
async def test_the_minutes_say_what_each_vote_was_for_and_when_the_chair_decided_a_tie(office, decision, motion):
    for one in ("d2", "d3"):
        await office.withdraw(one)
    await office.open()
    await office.board.record_recusals("ca-2024-06-03", "d1", ("m5",), AUTHOR)
    tied = Taken("d1", decision, "Motif", Votes(in_favour=MINE, abstained=OTHERS))
    assert await office.board.decide("ca-2024-06-03", [tied], AUTHOR) == [None]
    await office.board.write_minutes("ca-2024-06-03", AUTHOR)
    text = said(await office.board.minutes("ca-2024-06-03"))
    for wanted in (
        f"Pour {motion} 2 (Membre m1, Membre m2)",
        f"Contre {motion} 0",
        "Abstentions 2 (Membre m3, Membre m4)",
    ):
        assert wanted in text, wanted
    assert ("celle du président de séance, Membre m1, est prépondérante" in text) == (decision is not Decision.ADJOURN)


async def test_minutes_wait_for_somebody_who_presides(office):
    await office.board.open(TODAY, 1, MEMBERS, None, AUTHOR)
    await office.decide("ca-2024-06-03", *[(name, Decision.CONFIRM) for name in ("d1", "d2", "d3")])
    with pytest.raises(ChairNotNamed):
        await office.board.write_minutes("ca-2024-06-03", AUTHOR)
    await office.board.record_attendance("ca-2024-06-03", MEMBERS, "m2", AUTHOR)
    await office.sign("ca-2024-06-03")
    assert "sous la présidence de Membre m2" in said(await office.board.minutes("ca-2024-06-03"))
