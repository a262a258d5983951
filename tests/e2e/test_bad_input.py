"""Bad input gets a clear error and loses nothing: through the public APIs, on every stack."""

import asyncio
import hashlib
import io
import socket
from datetime import datetime, timedelta

import pikepdf
import pytest
from pypdf import PdfReader

from deploy.demo import people
from deploy.demo.bailleurs import BAILLEURS
from deploy.demo.client import awaited
from deploy.demo.letters import presentation_pdf
from deploy.demo.operations import OPERATIONS
from deploy.demo.people import representative
from shared.scanner import EICAR
from tests.platform import problem

STRANGER = representative(BAILLEURS[1].siren)
PRESENTATION = presentation_pdf(OPERATIONS[0])
PRESENT = [member_id for member_id, (_, presence) in people.DIRECTORS.items() if presence == "present"]
REGISTRATION = {
    "siren": "900000100",
    "name": "Habitat Essai",
    "structure": "sa_hlm",
    "department": "75",
    "legal_category": "5546",
    "address": "1 rue de l'Essai",
    "contact_email": "contact@essai.example",
}


def changed(form, path, value):
    """The form with one value replaced; `path` like `loans/0/principal_cents`."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = form
    for step in way:
        place = place[step]
    place[last] = value
    return form


# -- registration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"siren": "123456789"}, "invalid-siren"),
        ({"siren": "90000010"}, "invalid-siren"),
        ({"siren": "abcdefghi"}, "invalid-siren"),
        ({"structure": "sci"}, "structure-not-eligible"),
        ({"structure": "sac"}, "special-agreement-needed"),
        ({"department": "99"}, "unknown-department"),
        ({"contact_email": "nowhere"}, "invalid-request"),
        ({"name": ""}, "invalid-request"),
        ({"rating": "1+"}, "invalid-request"),
        ({"signatory": {"name": " ", "capacity": "présidente"}}, "invalid-request"),
        ({"signatory": {"name": "Ada Essai"}}, "invalid-request"),
        ({"siren": BAILLEURS[0].siren}, "bailleur-already-registered"),
    ],
)
async def test_a_registration_that_does_not_hold_is_refused(visit, change, expected):
    body = REGISTRATION | change
    assert (
        problem(await visit.call("POST", "intake", "/bailleurs", who=("new-user", "bailleur"), json=body)) == expected
    )


async def test_a_legal_category_that_does_not_fit_is_a_warning(visit):
    signatory = {"name": "Ada Essai", "capacity": "présidente"}
    body = REGISTRATION | {"siren": "900000118", "legal_category": "5710", "signatory": signatory}
    answer = await visit.call("POST", "intake", "/bailleurs", who=("someone", "bailleur"), json=body)
    assert answer.status_code == 201
    assert answer.json()["warnings"]
    assert (answer.json()["signatory"], answer.json()["address"]) == (signatory, REGISTRATION["address"])


async def test_a_representative_corrects_the_signatory_and_the_contact(visit):
    who = ("someone-else", "bailleur")
    registered = REGISTRATION | {"siren": "900000126"}
    await visit.client.ok("POST", "intake", "/bailleurs", who=who, json=registered)
    path, signatory = "/bailleurs/900000126/contact", {"name": "Ada Essai", "capacity": "présidente"}
    contact = {"address": "2 rue de l'Essai", "contact_email": "garantie@essai.example", "signatory": signatory}
    for change, expected in (
        ({"contact_email": "nowhere"}, "invalid-request"),
        ({"signatory": {"name": "Ada Essai"}}, "invalid-request"),
        ({"structure": "oph"}, "invalid-request"),
    ):
        assert problem(await visit.call("PUT", "intake", path, who=who, json=contact | change)) == expected
    stranger = ("a-stranger", "bailleur")
    assert problem(await visit.call("PUT", "intake", path, who=stranger, json=contact)) == "not-found"
    read = await visit.client.ok("PUT", "intake", path, who=who, json=contact)
    assert {name: read[name] for name in contact} == contact
    assert (read["structure"], read["warnings"]) == ("sa_hlm", [])


async def test_several_users_share_a_bailleur_and_only_representatives_submit(visit):
    dossier = await visit.ready()
    path = f"/bailleurs/{dossier.operation.bailleur.siren}/members"
    colleague = ("collegue-1", "bailleur")
    assert problem(await visit.call("POST", "intake", path, who=colleague, json={"subject": "x"})) == "not-found"
    await visit.client.ok("POST", "intake", path, who=dossier.who, json={"subject": colleague[0]})
    await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}", who=colleague)
    submission = f"/dossiers/{dossier.dossier_id}/submission"
    assert problem(await visit.call("POST", "intake", submission, who=colleague)) == "forbidden"


# -- drafts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("loans/0/principal_cents", -1),
        ("loans/0/principal_cents", 0),
        ("loans/0/principal_cents", 100.5),
        ("loans/0/principal_cents", "100"),
        ("loans/0/principal_cents", 60_000_000_001),
        ("loans/0/deferral_months", 25),
        ("loans/0/annual_rate", "-0.01"),
        ("loans/0/annual_rate", "NaN"),
        ("loans/0/frequency", "monthly"),
        ("loans/0/purpose", "other"),
        ("financing/total_cost_cents", -5),
        ("operation/commune_code", "7511"),
        ("operation/homes", 0),
        ("operation/name", "x" * 201),
    ],
)
async def test_a_value_that_cannot_be_is_named_by_its_pointer(visit, path, value):
    dossier = await visit.draft()
    form = changed(dossier.operation.form(), path, value)
    url = f"/dossiers/{dossier.dossier_id}"
    answer = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    assert problem(answer) == "invalid-request"
    assert answer.json()["errors"][0]["pointer"] == f"/{path}"
    read = await visit.client.ok("GET", "intake", url, who=dossier.who)
    assert read["operation"]["name"] == dossier.operation.name


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("loans/0/duration_years", 51, "invalid-request"),
        ("loans/1/duration_years", 41, "loan-duration-outside-limits"),
        ("loans/0/duration_years", 2, "loan-deferral-longer-than-loan"),
        ("loans/0/deferral_months", 7, "loan-deferral-not-whole-periods"),
        ("operation/commune_code", "99999", "unknown-commune"),
        ("financing/equity_cents", 1, "financing-unbalanced"),
        ("loans", [], "loans-missing"),
    ],
)
async def test_a_draft_may_be_saved_and_the_checklist_says_what_is_wrong(visit, path, value, code):
    dossier = await visit.draft()
    form = changed(dossier.operation.form(), path, value)
    url = f"/dossiers/{dossier.dossier_id}"
    saved = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    if code == "invalid-request":
        assert problem(saved) == code
        return
    assert saved.status_code == 200
    missing = (await visit.client.ok("GET", "intake", f"{url}/checklist", who=dossier.who))["missing"]
    assert code in {one["code"] for one in missing}
    refused = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who)
    assert problem(refused) == "dossier-incomplete"
    assert code in {one["code"] for one in refused.json()["missing"]}


async def test_saving_needs_the_etag_that_was_read(visit):
    dossier = await visit.draft()
    url, form = f"/dossiers/{dossier.dossier_id}", dossier.operation.form()
    assert problem(await visit.call("PUT", "intake", url, who=dossier.who, json=form)) == "if-match-missing"
    for stale in ('"0"', '"7"', "garbage", "*"):
        answer = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": stale})
        assert (answer.status_code, problem(answer)) == (412, "stale-etag")
    saves = [
        visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'}) for _ in range(5)
    ]
    codes = sorted(answer.status_code for answer in await asyncio.gather(*saves))
    assert codes == [200, 412, 412, 412, 412]


# -- who may see what ------------------------------------------------------------------------------------------------

DOSSIER_ROUTES = [
    ("GET", "", None),
    ("PUT", "", OPERATIONS[0].form()),
    ("GET", "/checklist", None),
    ("POST", "/submission", None),
    ("GET", "/receipt", None),
    ("POST", "/withdrawal", {}),
    ("POST", "/loan-reductions", {"loans": [{"loan_id": "bati", "principal_cents": 1}]}),
    ("GET", "/timeline", None),
    ("GET", "/documents", None),
    ("GET", "/documents/presentation/1", None),
    ("GET", "/offer", None),
    ("GET", "/offer/document", None),
    ("POST", "/offer/acceptance", {"offer_id": "x", "document_sha256": "0" * 64}),
    ("POST", "/offer/decline", {"offer_id": "x"}),
    ("POST", "/supplements", {"request_id": "x", "document_ids": ["y"]}),
    ("GET", "/convention", None),
    ("GET", "/premium-call", None),
]


@pytest.mark.parametrize(("method", "path", "body"), DOSSIER_ROUTES)
async def test_another_bailleurs_dossier_does_not_exist_for_you(visit, method, path, body):
    dossier = await visit.draft()
    answers = []
    for dossier_id in (dossier.dossier_id, "0" * 32):
        url = f"/dossiers/{dossier_id}{path}"
        answers.append(await visit.call(method, "intake", url, who=STRANGER, json=body, headers={"If-Match": '"1"'}))
    assert [problem(answer) for answer in answers] == ["not-found", "not-found"]
    assert answers[0].json() == answers[1].json()


async def test_another_bailleurs_dossier_takes_no_upload(visit):
    dossier = await visit.draft()
    for path in ("documents/presentation", "signed-convention"):
        answer = await visit.call(
            "POST",
            "intake",
            f"/dossiers/{dossier.dossier_id}/{path}",
            who=STRANGER,
            params={"filename": "x.pdf"},
            content=PRESENTATION,
            headers={"Content-Type": "application/pdf"},
        )
        assert problem(answer) == "not-found"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("intake", "/dossiers"),
        ("instruction", "/queue"),
        ("pricing", "/offers"),
        ("contracting", "/engagements"),
        ("envelope", "/envelopes/lli-2024"),
    ],
)
async def test_no_token_a_bad_one_and_the_wrong_role_are_kept_out(visit, service, path):
    assert problem(await visit.call("GET", service, path)) == "unauthenticated"
    good = await visit.client.token("someone", "bailleur" if service != "intake" else "auditor")
    header, payload, signature = good.split(".")
    flipped = "A" if signature[5] != "A" else "B"
    for bad in ("garbage", f"{header}.{payload}.", f"{header}.{payload}.{signature[:5]}{flipped}{signature[6:]}"):
        answer = await visit.call("GET", service, path, headers={"Authorization": f"Bearer {bad}"})
        assert problem(answer) == "unauthenticated"
    answer = await visit.call("GET", service, path, headers={"Authorization": f"Bearer {good}"})
    assert (answer.status_code, problem(answer)) == (403, "forbidden")


async def test_an_expired_token_and_one_for_another_product_are_kept_out(visit):
    for wrong in ({"lifetime_seconds": -60}, {"audience": "another-product"}):
        wanted = {"sub": "someone", "roles": ["auditor"]} | wrong
        token = await visit.client.mint(wanted)
        headers = {"Authorization": f"Bearer {token}"}
        assert problem(await visit.call("GET", "pricing", "/offers", headers=headers)) == "unauthenticated"


# -- documents -------------------------------------------------------------------------------------------------------


def encrypted_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PRESENTATION)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    return out.getvalue()


def scripted_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PRESENTATION)) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        (b"", "application/pdf", "file-empty"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "application/pdf", "file-mislabelled"),
        (b"MZ" + b"0" * 100, "application/pdf", "file-mislabelled"),
        (PRESENTATION, "image/png", "file-type-not-allowed"),
        (PRESENTATION, "", "file-type-not-allowed"),
        (PRESENTATION[: len(PRESENTATION) // 2], "application/pdf", "file-damaged"),
        (encrypted_pdf(), "application/pdf", "file-encrypted"),
        (scripted_pdf(), "application/pdf", "file-active-content"),
        (b"%PDF-1.7" + b"0" * (25 * 1024 * 1024), "application/pdf", "file-too-large"),
    ],
    ids=["empty", "png", "exe", "declared-png", "undeclared", "cut", "encrypted", "scripted", "oversized"],
)
async def test_a_file_that_is_not_what_is_asked_is_refused_and_leaves_nothing(visit, content, declared, expected):
    dossier = await visit.draft()
    url = f"/dossiers/{dossier.dossier_id}/documents"
    answer = await visit.call(
        "POST",
        "intake",
        f"{url}/presentation",
        who=dossier.who,
        params={"filename": "presentation.pdf"},
        content=content,
        headers={"Content-Type": declared},
    )
    assert problem(answer) == expected
    assert await visit.client.ok("GET", "intake", url, who=dossier.who) == []


async def test_an_infected_file_neither_counts_nor_is_served_and_a_clean_version_does(visit):
    dossier = await visit.draft()
    infected = PRESENTATION + b"\n% " + EICAR + b"\n"
    made = await visit.portal.upload(dossier, "documents/presentation", "présentation « v1 ».pdf", infected)
    assert made["scan"] == "infected"
    url = f"/dossiers/{dossier.dossier_id}"
    read = await visit.call("GET", "intake", f"{url}/documents/presentation/1", who=dossier.who)
    assert problem(read) == "document-infected"
    missing = (await visit.client.ok("GET", "intake", f"{url}/checklist", who=dossier.who))["missing"]
    assert "presentation-missing" in {one["code"] for one in missing}
    clean = await visit.portal.upload(dossier, "documents/presentation", "presentation.pdf", PRESENTATION)
    assert (clean["version"], clean["scan"]) == (2, "safe")
    assert await visit.client.ok("GET", "intake", f"{url}/documents/presentation/2", who=dossier.who) == PRESENTATION
    kept = await visit.client.ok("GET", "intake", f"{url}/documents", who=people.INSTRUCTOR)
    assert [one["version"] for one in kept] == [1, 2]


async def test_a_truncated_upload_leaves_nothing(visit):
    dossier = await visit.draft()
    token = await visit.client.token(*dossier.who)
    path = f"/dossiers/{dossier.dossier_id}/documents"
    head = (
        f"POST {path}/presentation?filename=p.pdf HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/pdf\r\nContent-Length: {len(PRESENTATION)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", visit.platform.services.ports["intake"])) as raw:
        raw.sendall(head.encode() + PRESENTATION[:1000])
    assert await visit.client.ok("GET", "intake", path, who=dossier.who) == []


# -- submission ------------------------------------------------------------------------------------------------------


def test_a_deposit_before_the_opening_is_told_when_it_opens(platform):
    assert platform.before_opening["opens_at"] == "2024-04-29T07:00:00+00:00"
    assert "29\u00a0avril\u00a02024" in platform.before_opening["detail"]


async def test_a_deposit_with_a_document_missing_is_refused_with_the_list(visit):
    dossier = await visit.draft()
    answer = await visit.call("POST", "intake", f"/dossiers/{dossier.dossier_id}/submission", who=dossier.who)
    assert problem(answer) == "dossier-incomplete"
    assert {one["code"] for one in answer.json()["missing"]} == {"letter-missing", "presentation-missing"}


async def test_a_draft_that_changed_since_it_was_read_is_not_deposited(visit):
    dossier = await visit.ready()
    url = f"/dossiers/{dossier.dossier_id}"
    form = changed(dossier.operation.form(), "operation/name", "Revu par un collègue")
    saved = await visit.call("PUT", "intake", url, who=dossier.who, json=form, headers={"If-Match": '"1"'})
    for stale in ('"1"', "garbage"):
        answer = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who, headers={"If-Match": stale})
        assert (answer.status_code, problem(answer), answer.json()["etag"]) == (412, "stale-etag", '"2"')
    assert (await visit.portal.timeline(dossier))["status"] == "draft"
    seen = {"If-Match": saved.headers["ETag"]}
    answer = await visit.call("POST", "intake", f"{url}/submission", who=dossier.who, headers=seen)
    assert answer.status_code == 200
    assert (await visit.portal.timeline(dossier))["deposit_number"] == answer.json()["deposit_number"]


async def test_submitting_many_times_at_once_gives_one_number(visit):
    dossier = await visit.ready()
    path = f"/dossiers/{dossier.dossier_id}/submission"
    answers = await asyncio.gather(*[visit.call("POST", "intake", path, who=dossier.who) for _ in range(6)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    receipt = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/receipt", who=dossier.who)
    again = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/receipt", who=dossier.who)
    assert receipt == again
    assert receipt.startswith(b"%PDF")
    form = dossier.operation.form()
    saved = await visit.call(
        "PUT",
        "intake",
        f"/dossiers/{dossier.dossier_id}",
        who=dossier.who,
        json=form,
        headers={"If-Match": '"1"'},
    )
    assert problem(saved) == "already-submitted"


async def test_dossiers_submitted_at_once_get_numbers_without_gap(visit):
    dossiers = [await visit.ready() for _ in range(8)]
    numbers = await asyncio.gather(*[visit.portal.submit(dossier) for dossier in dossiers])
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 8))


async def test_no_deposit_while_suspended_and_the_draft_is_kept(visit):
    dossier = await visit.ready()
    await suspend(visit, "suspend")
    await awaited_campaign(visit, suspended=True)
    answer = await visit.call("POST", "intake", f"/dossiers/{dossier.dossier_id}/submission", who=dossier.who)
    assert problem(answer) == "campaign-suspended"
    await suspend(visit, "resume")
    await awaited_campaign(visit, suspended=False)
    assert await visit.portal.submit(dossier) > 0


async def suspend(visit, action):
    path = "/campaigns/lli-2024/proposals"
    body = {"action": action, "reason": "Vérification"}
    made = await visit.client.ok("POST", "envelope", path, who=people.MANAGER, json=body)
    await visit.client.ok("POST", "envelope", f"{path}/{made['proposal_id']}/approval", who=people.SECOND_MANAGER)


async def awaited_campaign(visit, **wanted):
    async def said():
        found = await visit.client.ok("GET", "intake", "/campaign")
        return True if all(found[name] == value for name, value in wanted.items()) else None

    await awaited(said, f"campaign {wanted}")


async def test_a_deposited_amount_only_goes_down(visit):
    dossier = await visit.submitted()
    path = f"/dossiers/{dossier.dossier_id}/loan-reductions"

    async def reduce(loan_id, cents):
        body = {"loans": [{"loan_id": loan_id, "principal_cents": cents}]}
        return await visit.call("POST", "intake", path, who=dossier.who, json=body)

    assert problem(await reduce("bati", dossier.operation.building_cents + 1)) == "loan-only-decreases"
    assert problem(await reduce("bati", 0)) == "loan-only-decreases"
    assert problem(await reduce("autre", 1)) == "unknown-loan"
    assert (await reduce("bati", 10_000)).status_code == 200


# -- offers ----------------------------------------------------------------------------------------------------------


async def test_an_answer_must_name_the_offer_that_was_read(visit):
    dossier = await visit.brought_to("offer_issued")
    offer = await visit.portal.offer(dossier)
    path = f"/dossiers/{dossier.dossier_id}/offer/acceptance"
    good = {"offer_id": offer["offer_id"], "document_sha256": offer["document_sha256"]}

    async def accept(**change):
        return await visit.call("POST", "intake", path, who=dossier.who, json=good | change)

    assert problem(await accept(document_sha256="0" * 64)) == "offer-document-differs"
    assert problem(await accept(offer_id="another")) == "offer-superseded"
    await visit.client.ok("POST", "pricing", f"/offers/{dossier.dossier_id}/redraft", who=people.PRICING)
    await visit.offices.issue_offer(dossier)
    await visit.until(dossier, status="offer_issued")

    async def superseded():
        return True if (await visit.portal.offer(dossier))["offer_id"] != offer["offer_id"] else None

    await awaited(superseded, "the newer offer")
    assert problem(await accept()) == "offer-superseded"
    await visit.portal.accept(dossier)
    await visit.until(dossier, status="offer_accepted")
    newest = (await visit.portal.offer(dossier))["offer_id"]
    decline = f"/dossiers/{dossier.dossier_id}/offer/decline"
    refused = await visit.call("POST", "intake", decline, who=dossier.who, json={"offer_id": newest})
    assert problem(refused) == "offer-already-answered"


async def test_an_acceptance_after_the_last_moment_is_refused_with_the_deadline_and_the_amount_returns(visit):
    dossier = await visit.brought_to("offer_issued")
    offer = await visit.portal.offer(dossier)
    path = f"/dossiers/{dossier.dossier_id}/offer/acceptance"
    body = {"offer_id": offer["offer_id"], "document_sha256": offer["document_sha256"]}
    visit.platform.step_to(datetime.fromisoformat(offer["valid_until"]) + timedelta(seconds=1))
    late = await visit.call("POST", "intake", path, who=dossier.who, json=body)
    assert problem(late) == "offer-expired"
    assert datetime.fromisoformat(late.json()["valid_until"]) == datetime.fromisoformat(offer["valid_until"])
    visit.platform.step(hours=1)
    await visit.until(dossier, status="offer_expired", envelope="released")


async def test_what_a_landlord_reads_never_speaks_of_a_rating(visit):
    dossier = await visit.brought_to("convention_sent")
    for path in ("", "/timeline", "/offer", "/documents", "/checklist"):
        answer = await visit.call("GET", "intake", f"/dossiers/{dossier.dossier_id}{path}", who=dossier.who)
        text = answer.text.lower()
        assert not any(word in text for word in ("rating", "cotation", "cqs", "credit_quality", "rate_bp"))
    for path in ("receipt", "offer/document", "convention", "premium-call"):
        pdf = await visit.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/{path}", who=dossier.who)
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).lower()
        assert "logement" in text
        assert not any(word in text for word in ("cotation", "cqs", "point de base"))


# -- board and payments ----------------------------------------------------------------------------------------------


def decision(dossier_id, **changes):
    return {"dossier_id": dossier_id, "decision": "confirm", "votes": {"in_favour": PRESENT}} | changes


async def answers(visit, session, *decisions):
    """The word of each decision's problem; None when it is recorded."""
    path, body = f"/{session['session_id']}/decisions", {"decisions": list(decisions)}
    found = await visit.offices.board("POST", path, body)
    words = [one["problem"] and one["problem"]["type"].rsplit(":", 1)[1] for one in found]
    assert [one["recorded"] for one in found] == [word is None for word in words]
    return words


async def board_refuses(visit, expected, method, path, body, who=people.BOARD):
    await visit.client.refused(expected, method, "contracting", f"/board-sessions{path}", who=who, json=body)


async def test_a_board_decides_only_what_is_known_and_on_its_agenda(visit):
    session = await visit.offices.open_session(visit.scenario.today)
    dossier = await visit.submitted()

    async def known():
        answer = await visit.call("GET", "contracting", f"/engagements/{dossier.dossier_id}", who=people.LEGAL)
        return True if answer.is_success else None

    await awaited(known, "dossier known to contracting")
    late = await visit.brought_to("offer_issued")
    await awaited(lambda: visit.offices.offered(late), "offer known to contracting")
    decisions = [decision("0" * 32), decision(dossier.dossier_id), decision(late.dossier_id)]
    assert await answers(visit, session, *decisions) == ["unknown-dossier", "no-favourable-opinion", "not-on-agenda"]
    assert await answers(visit, await visit.offices.open_session(visit.scenario.today), decisions[2]) == [None]
    twice = {"decisions": [decisions[2], decisions[2]]}
    await board_refuses(visit, "dossier-named-twice", "POST", f"/{session['session_id']}/decisions", twice)


async def test_a_board_decision_without_quorum_or_by_a_recused_member_is_refused(visit):
    dossier = await visit.brought_to("offer_issued")
    await awaited(lambda: visit.offices.offered(dossier), "offer known to contracting")
    session = await visit.offices.open_session(visit.scenario.today)
    recusals = f"/{session['session_id']}/recusals"
    body = {"dossier_id": dossier.dossier_id, "member_ids": PRESENT[:1]}
    await visit.offices.board("PUT", recusals, body)
    assert await answers(visit, session, decision(dossier.dossier_id)) == ["recused-member"]
    await board_refuses(visit, "unknown-member", "PUT", recusals, body | {"member_ids": ["nobody"]})
    await visit.offices.board("PUT", recusals, body | {"member_ids": PRESENT[:2]})
    without = decision(dossier.dossier_id, votes={"in_favour": PRESENT[2:]})
    assert await answers(visit, session, without) == ["no-quorum"]
    await visit.offices.board("PUT", recusals, body | {"member_ids": []})
    refused = decision(dossier.dossier_id, decision="refuse")
    assert await answers(visit, session, refused) == ["reason-required"]
    split = decision(dossier.dossier_id, votes={"in_favour": PRESENT[3:], "against": PRESENT[:3]})
    assert await answers(visit, session, split) == ["decision-not-carried"], "the chair is among those against"
    carried = decision(dossier.dossier_id, votes={"in_favour": PRESENT[:3], "against": PRESENT[3:]})
    assert await answers(visit, session, carried) == [None]
    (found,) = [
        row["decision"]
        for row in (await visit.offices.board("GET", f"/{session['session_id']}"))["agenda"]
        if row["dossier_id"] == dossier.dossier_id
    ]
    assert found["casting_vote"]


async def test_board_decisions_are_corrected_until_a_second_person_signs_and_are_final_then(visit):
    dossier = await visit.brought_to("offer_accepted")
    await awaited(lambda: visit.offices.offered(dossier), "acceptance known to contracting")
    session = await visit.offices.open_session(visit.scenario.today)
    path = f"/{session['session_id']}"
    rest = [row["dossier_id"] for row in session["agenda"] if row["dossier_id"] != dossier.dossier_id]
    adjourned = [decision(one, decision="adjourn", reason="Séance d'essai") for one in rest]
    await board_refuses(visit, "agenda-not-finished", "POST", f"{path}/minutes", None)
    await answers(visit, session, decision(dossier.dossier_id, decision="refuse", reason="Erreur"), *adjourned)
    first = await visit.offices.board("POST", f"{path}/minutes")
    assert await answers(visit, session, decision(dossier.dossier_id)) == [None]
    signing = {"minutes_sha256": first["minutes"]["sha256"]}
    await board_refuses(visit, "minutes-not-written", "POST", f"{path}/sign-off", signing, people.SECOND_BOARD)
    second = await visit.offices.board("POST", f"{path}/minutes")
    await board_refuses(visit, "minutes-outdated", "POST", f"{path}/sign-off", signing, people.SECOND_BOARD)
    signing = {"minutes_sha256": second["minutes"]["sha256"]}
    await board_refuses(visit, "two-people-needed", "POST", f"{path}/sign-off", signing)
    await board_refuses(visit, "forbidden", "POST", f"{path}/sign-off", signing, people.AUDITOR)
    assert (await visit.portal.timeline(dossier))["status"] == "offer_accepted"
    pdf = await visit.client.ok("GET", "contracting", f"/board-sessions{path}/minutes", who=people.AUDITOR)
    assert hashlib.sha256(pdf).hexdigest() == signing["minutes_sha256"]
    signed = await visit.offices.board("POST", f"{path}/sign-off", signing, people.SECOND_BOARD)
    assert (signed["status"], signed["announced"]) == ("signed_off", True)
    await visit.until(dossier, status="engaged")
    late = decision(dossier.dossier_id, decision="refuse", reason="Trop tard")
    assert await answers(visit, session, late) == ["decision-final"]


async def test_payments_too_small_too_large_unknown_or_contradictory_are_told_apart(visit):
    dossier = await visit.brought_to("convention_sent")
    engagement = await visit.offices.engagement(dossier)
    due, reference = engagement["premium_cents"], engagement["payment_reference"]

    async def pay(number, cents, to=reference):
        body = {
            "payment_id": f"{dossier.dossier_id}-{number}",
            "reference": to,
            "amount_cents": cents,
            "received_on": visit.scenario.today.isoformat(),
        }
        return await visit.call("POST", "contracting", "/payments", who=people.ACCOUNTANT, json=body)

    async def confirm(number, who=people.SECOND_ACCOUNTANT):
        path = f"/payments/{dossier.dossier_id}-{number}/confirmation"
        return await visit.call("POST", "contracting", path, who=who)

    assert problem(await pay(1, 0)) in ("invalid-request", "amount-out-of-range", "payment-amount-out-of-range")
    unknown = await pay(2, 100, "ALS-999999-00")
    assert unknown.status_code in (200, 404)
    assert (await confirm(2)).status_code == 200
    unmatched = await visit.client.ok("GET", "contracting", "/payments/unmatched", who=people.ACCOUNTANT)
    assert f"{dossier.dossier_id}-2" in {one["payment_id"] for one in unmatched}
    assert (await pay(3, due - 1)).status_code == 200
    assert (await pay(3, due - 1)).status_code == 200
    assert (await pay(3, due)).status_code == 409
    assert problem(await confirm(3, people.ACCOUNTANT)) == "two-people-needed"
    assert (await visit.offices.engagement(dossier))["paid_cents"] == 0
    assert (await confirm(3)).status_code == 200
    assert (await visit.offices.engagement(dossier))["outstanding_cents"] == 1
    assert (await visit.offices.engagement(dossier))["paid_at"] is None
    assert (await pay(4, 3)).status_code == 200
    assert (await confirm(4)).status_code == 200
    engagement = await visit.offices.engagement(dossier)
    assert engagement["paid_at"] is not None
    assert engagement["to_return_cents"] == 2
    gate = await visit.client.ok("GET", "contracting", f"/engagements/{dossier.dossier_id}/gate", who=people.LEGAL)
    assert not gate["open"]
    assert {one["code"] for one in gate["missing"]} >= {"convention-signed"}


# -- everything else -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["intake", "instruction", "pricing", "contracting", "envelope"])
async def test_unknown_paths_methods_and_broken_json_are_problems_too(visit, service):
    assert problem(await visit.call("GET", service, "/nowhere")) == "not-found"
    assert problem(await visit.call("DELETE", service, "/health/live")) == "method-not-allowed"
    assert (await visit.call("GET", service, "/openapi.json")).status_code == 200
    assert (await visit.call("GET", service, "/asyncapi.json")).status_code == 200
    assert "als_messages" in (await visit.call("GET", service, "/metrics")).text


async def test_json_that_is_broken_is_said_in_french(visit):
    answer = await visit.call(
        "POST",
        "intake",
        "/dossiers",
        who=representative(BAILLEURS[0].siren),
        content=b"{oops",
        headers={"Content-Type": "application/json"},
    )
    assert problem(answer) == "invalid-request"
    assert answer.json()["errors"][0]["detail"] == "Le corps n'est pas du JSON lisible."
