"""Who may see what: others' dossiers do not exist, and no token, a bad one or the wrong role opens nothing."""

import pytest

from deploy.demo.operations import OPERATIONS
from tests.e2e.bad_input.given import PRESENTATION, STRANGER
from tests.platform import problem

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
