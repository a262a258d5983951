"""Bank statements through the public API on both stacks: counted once, queued, returned, and refused whole."""

import hashlib

from deploy.demo import bank, people
from tests.platform import problem

XML = {"Content-Type": "application/xml"}


async def send(visit, number, credits_received, jump=0):
    """The bank's statement; with `jump`, as if one of so many cents had been lost before it."""
    opening = await visit.offices.opening(number) + jump
    content = bank.statement(number, visit.scenario.today, credits_received, opening)
    return await visit.call("POST", "contracting", "/statements", who=people.ACCOUNTANT, content=content, headers=XML)


async def queued(visit, name, dossier):
    path = f"/payments/queues/{name}?limit=200"
    rows = await visit.client.ok("GET", "contracting", path, who=people.ACCOUNTANT)
    return [row["payment_id"] for row in rows if row["dossier_id"] == dossier.dossier_id]


async def test_statements_bring_a_premium_from_its_first_part_to_the_return_of_its_excess(visit):
    dossier = await visit.brought_to("convention_signed")
    engagement = await visit.offices.engagement(dossier)
    due, reference, payer = (engagement[name] for name in ("premium_cents", "payment_reference", "bailleur"))
    name = dossier.dossier_id[:12]

    part = [bank.Credit(f"{name}-1", 1_000, reference, payer)]
    first = (await send(visit, f"{name}-a", part)).json()
    assert await queued(visit, "partial", dossier) == [first["payments"][0]["payment_id"]]
    assert (await send(visit, f"{name}-a", part)).json() == first
    assert problem(await send(visit, f"{name}-a", [*part, *part])) == "statement-entry-repeated"
    other = [bank.Credit(f"{name}-1", 999, reference, payer)]
    assert problem(await send(visit, f"{name}-b", other)) == "payment-conflict"
    assert (await visit.offices.engagement(dossier))["paid_cents"] == 1_000

    await a_lost_statement_takes_two_people(visit, name)

    rest = [bank.Credit(f"{name}-2", due - 500, reference, payer)]
    (paid,) = (await send(visit, f"{name}-b", rest)).json()["payments"]
    assert problem(await send(visit, f"{name}-b", part)) == "statement-conflict"
    assert await queued(visit, "partial", dossier) == []
    assert await queued(visit, "over", dossier) == [paid["payment_id"]]
    await visit.until(dossier, status="premium_paid")

    path = f"/payments/{paid['payment_id']}"
    await visit.client.ok("POST", "contracting", f"{path}/return", who=people.ACCOUNTANT, json={"reason": "Trop-perçu"})
    assert await queued(visit, "to_return", dossier) == [paid["payment_id"]]
    made = {"returned_on": visit.scenario.today.isoformat(), "bank_reference": f"{name}-3"}
    await visit.client.ok("POST", "contracting", f"{path}/returned", who=people.ACCOUNTANT, json=made)
    after = await visit.offices.engagement(dossier)
    assert (after["paid_cents"], after["to_return_cents"]) == (due, 0)
    assert (await visit.portal.timeline(dossier))["status"] == "premium_paid"


async def a_lost_statement_takes_two_people(visit, name):
    """A statement that does not follow the one before is refused until two people say on which balance it opens."""
    path, client = "/collection-account", visit.client
    assert problem(await send(visit, f"{name}-gap", [], jump=7)) == "statement-gap"
    opening = await visit.offices.opening(f"{name}-gap")
    body = {"balance_cents": opening + 7, "reason": "Relevé perdu"}
    made = await client.ok("POST", "contracting", f"{path}/opening-balance", who=people.ACCOUNTANT, json=body)
    confirmation = f"{path}/opening-balance/{made['proposal']['proposal_id']}/confirmation"
    assert problem(await visit.call("POST", "contracting", confirmation, who=people.ACCOUNTANT)) == "two-people-needed"
    await client.ok("POST", "contracting", confirmation, who=people.SECOND_ACCOUNTANT)
    (taken,) = (await send(visit, f"{name}-gap", [])).json()["statements"]
    assert (taken["opening_cents"], taken["closing_cents"]) == (opening + 7, opening + 7)
    file = await visit.call("GET", "contracting", f"/statements/{taken['import_id']}/file", who=people.AUDITOR)
    assert hashlib.sha256(file.content).hexdigest() == taken["file_sha256"]


async def test_an_acte_leaves_its_proof_and_takes_an_acknowledgement(visit):
    dossier = await visit.brought_to("acte_transmitted")
    path = f"/engagements/{dossier.dossier_id}/acte"
    delivery = await visit.client.ok("GET", "contracting", f"{path}/delivery", who=people.LEGAL)
    (proof,) = delivery["proofs"]
    assert proof["sha256"] in proof["answer"]
    made = await visit.client.ok(
        "GET", "contracting", f"/engagements/{dossier.dossier_id}/freeze-screening", who=people.COMPLIANCE
    )
    assert [one["purpose"] for one in made["made"]] == ["convention", "acte"], "screened again when it was asked for"
    answer = {"reference": "BDT-1", "received_on": visit.scenario.today.isoformat()}
    known = await visit.client.ok("POST", "contracting", f"{path}/acknowledgement", who=people.ACCOUNTANT, json=answer)
    assert known["acknowledged_reference"] == "BDT-1"
    other = answer | {"reference": "BDT-2"}
    refused = await visit.call("POST", "contracting", f"{path}/acknowledgement", who=people.ACCOUNTANT, json=other)
    assert problem(refused) == "acknowledgement-conflict"
