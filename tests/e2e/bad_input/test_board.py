"""What a board may not decide."""

import hashlib

from deploy.demo import people
from deploy.demo.client import awaited

PRESENT = [member_id for member_id, (_, presence) in people.DIRECTORS.items() if presence == "present"]


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
