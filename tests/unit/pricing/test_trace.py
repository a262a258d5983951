"""The trace: everything behind a price, and the same bytes when it is worked out again from the journal."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from services.pricing import recompute as command
from services.pricing.domain import trace
from services.pricing.domain.facts import OfferDrafted
from services.pricing.domain.grid import GridHashMismatch
from services.pricing.domain.offer import Offer
from services.pricing.domain.trace import TraceMissing
from services.pricing.pages import trace_page
from shared.documents import MemoryDocuments
from shared.errors import NotFound
from shared.journal import Commit, canonical_json
from shared.lending import AmortisationProfile
from tests.facts import DOSSIER, loan, opinion, profile, submitted
from tests.unit.pricing.desk import SECRETARY, Desk
from tests.unit.pricing.samples import GRID, drafted, play

OFFER = f"{DOSSIER}-1"
STREAM = f"offer:{DOSSIER}"


def the_draft(offer: Offer | None = None) -> OfferDrafted:
    draft = (offer or drafted()).draft
    assert draft
    return draft


async def tampered(documents: MemoryDocuments, name: str, change) -> MemoryDocuments:
    """The journal with the data of one event type changed, and chained anew as somebody careful would."""
    altered, prev = MemoryDocuments(), "0" * 64
    async for document in documents.find({"stream": STREAM}, sort=[("version", 1)]):
        entries = json.loads(Commit.from_document(document).entries)
        for event in (event for entry in entries for event in entry["events"]):
            if event["type"] == name:
                change(event["data"])
        commit = Commit.from_document(document | {"entries": canonical_json(entries), "prev_hash": prev})
        sealed = replace(commit, hash="").sealed()
        await altered.insert(sealed.document())
        prev = sealed.hash
    return altered


@pytest.fixture
async def desk(tmp_path) -> Desk:
    made = await Desk.opened(tmp_path)
    await made.issued()
    return made


async def test_an_offer_recomputed_from_the_journal_has_the_same_bytes(desk: Desk):
    done = await command.recompute(desk.documents, OFFER)
    (recorded,) = desk.of(OfferDrafted)
    assert done.differences == []
    assert done.trace == trace.trace_bytes(recorded)


async def test_the_trace_written_to_a_file_is_the_stored_one_to_the_byte(desk: Desk, tmp_path):
    done = await command.recompute(desk.documents, OFFER)
    assert command.report(OFFER, done, tmp_path / "trace.json") == 0
    served = await desk.call("GET", f"/offers/{OFFER}/trace")
    assert (tmp_path / "trace.json").read_bytes() == served.content


async def test_the_trace_of_an_altered_offer_is_written_as_it_ought_to_be(desk: Desk, tmp_path, capsys):
    altered = await tampered(desk.documents, "OfferDrafted", lambda data: data.update(premium_cents=1))
    done = await command.recompute(altered, OFFER)
    assert command.report(OFFER, done, tmp_path / "trace.json") == command.EX_DIFFERENT
    (recorded,) = desk.of(OfferDrafted)
    assert (tmp_path / "trace.json").read_bytes() == trace.trace_bytes(recorded)
    assert "DIFFÉRENTE" in capsys.readouterr().out


async def test_every_draft_of_a_dossier_is_recomputed_on_what_was_known_then(desk: Desk):
    await desk.done("POST", f"/offers/{DOSSIER}/redraft")
    for number, recorded in enumerate(desk.of(OfferDrafted), start=1):
        done = await command.recompute(desk.documents, f"{DOSSIER}-{number}")
        assert (done.differences, done.trace) == ([], trace.trace_bytes(recorded))


async def test_a_derogation_is_part_of_what_is_recomputed(tmp_path):
    desk = await Desk.opened(tmp_path)
    await desk.drafted(profile(rating="5"))
    body = {"rate_bp": "75", "reason": "Garantie du groupe"}
    made = await desk.done("POST", f"/offers/{DOSSIER}/derogations", body)
    path = f"/offers/{DOSSIER}/derogations/{made['derogations'][0]['derogation_id']}/approval"
    await desk.done("POST", path, {"session_date": "2024-05-16"}, who=SECRETARY)
    assert (await command.recompute(desk.documents, OFFER)).differences == []


@pytest.mark.parametrize(
    ("event", "change", "named"),
    [
        ("OfferDrafted", lambda data: data.update(premium_cents=1), "/premium_cents : enregistré 1, recalculé"),
        ("OfferDrafted", lambda data: data["lines"].pop(), "/lines : enregistré"),
        (
            "OfferDrafted",
            lambda data: data["workings"]["lines"]["batiment"]["interest_cents"].__setitem__(3, 1),
            "/workings/lines/batiment/interest_cents/3 : enregistré 1, recalculé",
        ),
        ("OfferIssued", lambda data: data.update(premium_cents=1), "/issued/premium_cents : enregistré 1, recalculé"),
        ("RiskProfileRecorded", lambda data: data.update(programme_quality="A"), "/rating/programme_quality"),
        ("DossierSubmitted", lambda data: data["loans"][0].update(duration_years=30), "/loans/0/duration_years"),
    ],
)
async def test_what_was_altered_is_named(desk: Desk, event: str, change, named: str):
    altered = await tampered(desk.documents, event, change)
    done = await command.recompute(altered, OFFER)
    assert any(difference.startswith(named) for difference in done.differences), done.differences


async def test_a_broken_chain_is_named_before_anything_else(desk: Desk):
    key = f"{STREAM}#2"
    document = await desk.documents.get(key)
    assert document
    await desk.documents.put(document | {"recorded_at": "2024-05-16T09:00:01+00:00"})
    done = await command.recompute(desk.documents, OFFER)
    assert done.differences[0].startswith(f"{key} : empreinte")


async def test_a_grid_that_is_not_the_one_named_is_refused(desk: Desk):
    altered = await tampered(desk.documents, "OfferDrafted", lambda data: data.update(grid_hash="0" * 64))
    with pytest.raises(GridHashMismatch):
        await command.recompute(altered, OFFER)


async def test_an_unknown_offer_is_not_found(desk: Desk):
    with pytest.raises(NotFound):
        await command.recompute(desk.documents, f"{DOSSIER}-9")


@pytest.mark.parametrize("workings", [None, "another method"])
def test_a_draft_of_another_method_or_without_workings_is_not_recomputed(workings):
    draft = the_draft()
    assert draft.workings
    kept = None if workings is None else draft.workings.model_copy(update={"method": workings})
    with pytest.raises(TraceMissing):
        trace.recompute(Offer(), draft.model_copy(update={"workings": kept}))


def test_facts_that_do_not_price_are_said_so():
    unpriceable = play(Offer(), submitted(), profile(rating="7"), opinion())
    with pytest.raises(TraceMissing):
        trace.recompute(unpriceable, the_draft())


def test_a_trace_holds_inputs_versions_figures_and_result():
    shown = json.loads(trace.trace_bytes(the_draft()))
    assert (shown["grid_version"], shown["grid_hash"]) == (GRID.version, GRID.content_hash)
    assert shown["rating"]["rating"] == "2"
    assert shown["workings"]["method"] == "premium-1"
    figures = shown["workings"]["lines"]["batiment"]
    assert len(figures["outstanding_cents"]) == 35
    assert figures["rate"] == {"base_bp": "20", "deferral_bp": "2", "quality_bp": "0"}
    assert shown["workings"]["lines_cents"] == shown["premium_cents"]


# -- the page ----------------------------------------------------------------------------------------------------


def test_the_page_shows_the_figures_in_french():
    page = trace_page(the_draft())
    for shown in (
        "3\u202f250\u202f000,00\u00a0€",
        "22 pb par an",
        "2,9\u00a0%",
        "CQS3",
        "Prêt foncier",
        "1er\u00a0mars",
    ):
        assert shown in page


def test_the_page_of_a_derogation_and_of_a_progressive_loan():
    progressive = loan(profile=AmortisationProfile.PROGRESSIVE_INSTALMENTS, progressivity=Decimal("-0.01"))
    draft = the_draft(play(Offer(), submitted(loans=(progressive,)), profile(), opinion()))
    assert "échéances progressives, -1\u00a0% par an" in trace_page(draft)
    assert draft.workings
    for derogation, shown in (
        ({"rate_bp": "75.5", "step": None}, "75,5 points de base"),
        ({"rate_bp": None, "step": "CQS4"}, "échelon CQS4"),
    ):
        workings = type(draft.workings).model_validate(draft.workings.model_dump() | {"derogation": derogation})
        assert shown in trace_page(draft.model_copy(update={"workings": workings}))


def test_the_page_of_a_draft_without_workings_says_so():
    page = trace_page(the_draft().model_copy(update={"workings": None}))
    assert "non conservés" in page
    assert "Échéancier" not in page


def test_the_page_escapes_what_it_shows():
    hostile = submitted(loans=(loan("<script>"),))
    page = trace_page(the_draft(play(Offer(), hostile, profile(), opinion())))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
