"""Payments that cannot be, told apart."""

from deploy.demo import people
from tests.platform import problem


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
