"""What the staff of each service do."""

import asyncio
import json
from datetime import date, datetime
from typing import Any

from deploy.demo import bank, people
from deploy.demo.client import Client, Unexpected, awaited
from deploy.demo.operations import Story
from deploy.demo.people import Dossier
from services.pricing.grids import grid_bytes

CAMPAIGN = "lli-2024"
CRITERIA = {
    "economic_dynamism": "Bassin d'emploi dynamique, créations nettes d'emplois salariés.",
    "market_tension": "Loyers libres élevés, délais de relocation courts.",
    "intermediate_saturation": "Parc intermédiaire existant occupé, file d'attente constatée.",
    "location": "Transports, écoles et commerces à moins de dix minutes à pied.",
    "rents": "Loyers proposés sous le plafond de la zone.",
    "design": "Logements traversants, espaces extérieurs, bonne répartition des typologies.",
}


class Offices:
    """Staff, through each service's own API."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # A bank draws up one statement of an account after the other.
        self._bank = asyncio.Lock()

    # -- campaign ----------------------------------------------------------------------------------------------

    async def open_campaign(self, opens_at: datetime, effective_at: datetime) -> None:
        """Two people put the rules in force; the first one alone cannot."""
        rules = {
            "label": "Garantie des prêts logement intermédiaire",
            "cap_cents": 60_000_000_000,
            "opens_at": opens_at.isoformat(),
            "effective_at": effective_at.isoformat(),
        }
        body = {"action": "rules", "rules": rules, "reason": "Ouverture de l'appel à manifestation d'intérêt"}
        path = f"/campaigns/{CAMPAIGN}/proposals"
        made = await self.client.ok("POST", "envelope", path, who=people.MANAGER, json=body)
        approval = f"{path}/{made['proposal_id']}/approval"
        await self.client.refused("two-people-needed", "POST", "envelope", approval, who=people.MANAGER)
        await self.client.ok("POST", "envelope", approval, who=people.SECOND_MANAGER)

    async def figures(self) -> dict[str, Any]:
        return await self.client.ok("GET", "envelope", f"/envelopes/{CAMPAIGN}", who=people.AUDITOR)

    async def waiting_list(self) -> list[dict[str, Any]]:
        return await self.client.ok("GET", "envelope", f"/envelopes/{CAMPAIGN}/waiting-list", who=people.AUDITOR)

    # -- instruction -------------------------------------------------------------------------------------------

    async def _review(self, method: str, dossier: Dossier, act: str, who: people.Person, body: Any = None) -> Any:
        path = f"/reviews/{dossier.dossier_id}/{act}"
        return await self.client.ok(method, "instruction", path, who=who, json=body)

    async def assign(self, dossier: Dossier) -> None:
        """Once instruction knows of the reservation."""
        path = f"/reviews/{dossier.dossier_id}"

        async def known() -> bool | None:
            answer = await self.client.send("GET", "instruction", path, who=people.INSTRUCTOR)
            return True if answer.is_success and answer.json()["stage"] != "waiting" else None

        await awaited(known, f"réservation connue de l'instruction, {dossier.operation.name}")
        await self._review("POST", dossier, "assignment", people.INSTRUCTOR, {})

    async def find_ineligible(self, dossier: Dossier) -> None:
        await self._review("POST", dossier, "eligibility", people.INSTRUCTOR)
        await self._review("POST", dossier, "ineligibility", people.INSTRUCTOR)

    async def ask_supplement(self, dossier: Dossier) -> None:
        body = {"message": "Préciser la répartition des surfaces et joindre la notice acoustique.", "due_days": 15}
        await self._review("POST", dossier, "supplement-requests", people.INSTRUCTOR, body)

    async def deem_complete(self, dossier: Dossier) -> None:
        """Once the answered supplement, if any, has come."""
        path = f"/reviews/{dossier.dossier_id}"

        async def answered() -> bool | None:
            review = await self.client.ok("GET", "instruction", path, who=people.INSTRUCTOR)
            return True if review["open_supplement"] is None else None

        await awaited(answered, f"complément reçu, {dossier.operation.name}")
        await self._review("POST", dossier, "completeness", people.INSTRUCTOR)

    async def examine(self, dossier: Dossier, today: date) -> None:
        """Eligibility, diligence, rating, criteria, then to the committee."""
        operation = dossier.operation
        review = await self._review("POST", dossier, "eligibility", people.INSTRUCTOR)
        for rule in review["eligibility"]:
            if rule["verdict"] == "person":
                body = {
                    "rule_id": rule["rule_id"],
                    "reason": "Besoin avéré des salariés du bassin, appréciation favorable.",
                }
                await self._review("POST", dossier, "eligibility/resolutions", people.INSTRUCTOR, body)
        diligence = {
            "client_identified": True,
            "beneficial_owners_identified": True,
            "risk_class": "low",
            "screened_on": today.isoformat(),
            "screening_clear": True,
        }
        await self._review("PUT", dossier, "diligence", people.COMPLIANCE, diligence)
        rating = {
            "rating": operation.bailleur.rating,
            "rated_on": "2024-02-01",
            "programme_quality": operation.quality,
        }
        await self._review("PUT", dossier, "rating", people.INSTRUCTOR, rating)
        assessments = [
            {"criterion": name, "score": 4, "justification": justification} for name, justification in CRITERIA.items()
        ]
        await self._review("PUT", dossier, "criteria", people.INSTRUCTOR, {"assessments": assessments})
        await self._review("POST", dossier, "committee", people.INSTRUCTOR)

    async def give_opinion(self, dossier: Dossier, favourable: bool, today: date) -> None:
        body = {
            "opinion": "favourable" if favourable else "unfavourable",
            "session_date": today.isoformat(),
            "reason": "" if favourable else "Équilibre financier de l'opération insuffisant",
            "order_reason": "Séance unique : dossiers antérieurs encore en instruction",
        }
        await self._review("POST", dossier, "opinion", people.COMMITTEE, body)

    # -- pricing -----------------------------------------------------------------------------------------------

    async def adopt_grid(self) -> None:
        """Two people put the first grid in force; the first one alone cannot."""
        body = {"grid": json.loads(grid_bytes()), "reason": "Grille de l'ouverture de la campagne"}
        made = await self.client.ok("POST", "pricing", "/grids/proposals", who=people.PRICING, json=body)
        path, read = f"/grids/proposals/{made['proposal_id']}/approval", {"hash": made["hash"]}
        await self.client.refused("two-people-needed", "POST", "pricing", path, who=people.PRICING, json=read)
        await self.client.ok("POST", "pricing", path, who=people.SECOND_PRICING, json=read)

    async def grid_adopted(self) -> bool:
        listed = await self.client.ok("GET", "pricing", "/grids/proposals", who=people.AUDITOR)
        return any(row["approved"] for row in listed)

    async def issue_offer(self, dossier: Dossier) -> None:
        path = f"/offers/{dossier.dossier_id}"

        async def draft() -> str | None:
            answer = await self.client.send("GET", "pricing", path, who=people.PRICING)
            found = answer.json().get("draft") if answer.is_success else None
            return found["offer_id"] if found else None

        offer_id = await awaited(draft, f"projet d'offre, {dossier.operation.name}")
        await self.client.ok("POST", "pricing", f"{path}/issue", who=people.PRICING, json={"offer_id": offer_id})

    # -- contracting -------------------------------------------------------------------------------------------

    async def engagement(self, dossier: Dossier) -> dict[str, Any]:
        path = f"/engagements/{dossier.dossier_id}"
        return await self.client.ok("GET", "contracting", path, who=people.LEGAL)

    async def hold_board(self, today: date, decisions: list[tuple[Dossier, bool]]) -> None:
        """A session of the day: confirmations and refusals, the rest of the agenda adjourned, signed by two people."""
        for dossier, _ in decisions:
            await awaited(lambda dossier=dossier: self.offered(dossier), f"offre connue, {dossier.operation.name}")
        session = await self.open_session(today)
        session_id = session["session_id"]
        confirmed = {dossier.dossier_id: confirmed for dossier, confirmed in decisions}
        body = {"decisions": [self.decision(row["dossier_id"], confirmed) for row in session["agenda"]]}
        answers = await self.board("POST", f"/{session_id}/decisions", body)
        recorded = {answer["dossier_id"] for answer in answers if answer["recorded"]}
        if missed := confirmed.keys() - recorded:
            raise Unexpected(f"décisions non enregistrées en séance {session_id} : {sorted(missed)} {answers}")
        await self.sign_minutes(session_id)

    async def board(self, method: str, path: str, body: Any = None, who: people.Person = people.BOARD) -> Any:
        return await self.client.ok(method, "contracting", f"/board-sessions{path}", who=who, json=body)

    async def open_session(self, today: date) -> dict[str, Any]:
        """The day's session that is not signed yet, or a further one, with today's agenda."""
        listed = await self.board("GET", "?limit=200")
        signed = [row for row in listed if row["status"] == "signed_off"]
        number = 1 + sum(today.isoformat() in row["session_id"] for row in signed)
        members = [
            {"member_id": member_id, "name": name, "presence": presence}
            for member_id, (name, presence) in people.DIRECTORS.items()
        ]
        body = {"session_date": today.isoformat(), "number": number, "members": members, "chair_id": people.CHAIR}
        session_id = (await self.board("POST", "", body))["session_id"]
        return await self.board("POST", f"/{session_id}/agenda")

    @staticmethod
    def decision(dossier_id: str, confirmed: dict[str, bool]) -> dict[str, Any]:
        """Everybody present votes the decision; what is not ripe is adjourned."""
        if dossier_id not in confirmed:
            return {"dossier_id": dossier_id, "decision": "adjourn", "reason": "Réponse du bailleur attendue"}
        present = [member_id for member_id, (_, presence) in people.DIRECTORS.items() if presence == "present"]
        decision = {"dossier_id": dossier_id, "decision": "confirm", "votes": {"in_favour": present}}
        if not confirmed[dossier_id]:
            decision |= {"decision": "refuse", "reason": "Exposition trop élevée sur ce bassin"}
        return decision

    async def sign_minutes(self, session_id: str) -> dict[str, Any]:
        """The secretary writes the minutes and cannot sign them; a second one does."""
        written = await self.board("POST", f"/{session_id}/minutes")
        path, body = f"/{session_id}/sign-off", {"minutes_sha256": written["minutes"]["sha256"]}
        await self.client.refused(
            "two-people-needed", "POST", "contracting", f"/board-sessions{path}", who=people.BOARD, json=body
        )
        return await self.board("POST", path, body, people.SECOND_BOARD)

    async def offered(self, dossier: Dossier) -> bool | None:
        """Contracting knows of the opinion and of the offer."""
        path = f"/engagements/{dossier.dossier_id}/gate"
        answer = await self.client.send("GET", "contracting", path, who=people.LEGAL)
        if not answer.is_success or answer.json()["state"] not in ("offer_issued", "offer_accepted"):
            return None
        return None if "committee-opinion" in {one["code"] for one in answer.json()["missing"]} else True

    async def _screen(self, dossier: Dossier) -> None:
        """Compliance declares the owners, screens on the register, and clears the one who only bears a listed name.

        Before the acte the screening repeats itself.
        """
        path, who = f"/engagements/{dossier.dossier_id}", people.COMPLIANCE
        owners = {"owners": [{"name": name} for name in dossier.operation.bailleur.owners]}
        await self.client.ok("PUT", "contracting", f"{path}/beneficial-owners", who=who, json=owners)
        found = await self.client.ok("POST", "contracting", f"{path}/freeze-screening/convention", who=who)
        for alert in found["alerts"]:
            body = {
                "resolution": "cleared",
                "reason": "Homonyme : la pièce d'identité porte une autre date de naissance.",
            }
            await self.client.ok("POST", "contracting", f"{path}/freeze-alerts/{alert['alert_id']}", who=who, json=body)

    async def send_convention(self, dossier: Dossier) -> None:
        async def committed() -> bool | None:
            return True if (await self.engagement(dossier))["committed_at"] else None

        await awaited(committed, f"montant engagé, {dossier.operation.name}")
        await self._screen(dossier)
        path = f"/engagements/{dossier.dossier_id}/convention"
        await self.client.ok("POST", "contracting", path, who=people.LEGAL)

    async def check_convention(self, dossier: Dossier) -> None:
        async def lodged() -> str | None:
            return (await self.engagement(dossier))["document_to_check"]

        document_id = await awaited(lodged, f"convention signée reçue, {dossier.operation.name}")
        body = {"document_id": document_id, "decision": "accept"}
        path = f"/engagements/{dossier.dossier_id}/signed-convention-check"
        if dossier.operation.story is Story.SIGN_BY_HAND:
            await self.client.refused("reason-required", "POST", "contracting", path, who=people.LEGAL, json=body)
            body |= {"reason": "Chaque page comparée à la convention envoyée, signature du représentant vérifiée."}
        await self.client.ok("POST", "contracting", path, who=people.LEGAL, json=body)

    async def record_payments(self, dossier: Dossier, in_two: bool, today: date) -> None:
        """The bank's statement with the whole premium, or with a part that was entered by hand before and the rest."""
        engagement = await self.engagement(dossier)
        due = engagement["premium_cents"]
        parts = [due // 3, due - due // 3] if in_two else [due]
        number = f"{today:%Y-%j}-{engagement['deposit_number']:06d}"
        if in_two:
            await self._enter_payment(f"SAISIE{number}", engagement["payment_reference"], parts[0], today)
        received = [
            bank.Credit(f"VIR{number}-{part}", cents, engagement["payment_reference"], engagement["bailleur"])
            for part, cents in enumerate(parts, start=1)
        ]
        async with self._bank:
            content = bank.statement(number, today, received, await self.opening(number))
            headers = {"Content-Type": "application/xml"}
            taken = await self.client.ok(
                "POST", "contracting", "/statements", who=people.ACCOUNTANT, content=content, headers=headers
            )
        assert taken["payments"][-1]["queue"] == "exact"
        for told_twice in (one for one in taken["payments"] if one["queue"] == "duplicate"):
            path, body = f"/payments/{told_twice['payment_id']}/dismissal", {"reason": "Déjà saisi et confirmé."}
            await self.client.ok("POST", "contracting", path, who=people.ACCOUNTANT, json=body)

    async def _enter_payment(self, payment_id: str, reference: str, cents: int, today: date) -> None:
        """One accountant enters it, and it counts once another one confirmed it; the first one may not."""
        body = {
            "payment_id": payment_id,
            "reference": reference,
            "amount_cents": cents,
            "received_on": today.isoformat(),
        }
        await self.client.ok("POST", "contracting", "/payments", who=people.ACCOUNTANT, json=body)
        path = f"/payments/{payment_id}/confirmation"
        await self.client.refused("two-people-needed", "POST", "contracting", path, who=people.ACCOUNTANT)
        counted = await self.client.ok("POST", "contracting", path, who=people.SECOND_ACCOUNTANT)
        assert counted["queue"] == "partial"

    async def opening(self, number: str) -> int:
        """On which balance the bank's statement `number` opens: where it did when it was sent, else where the last
        one closed.
        """
        who = people.ACCOUNTANT
        sent = await self.client.ok("GET", "contracting", "/statements?limit=200", who=who)
        for one in sent:
            if one["statement_id"] == number:
                return one["opening_cents"]
        account = await self.client.ok("GET", "contracting", "/collection-account", who=who)
        return account["expected_opening_cents"] or 0

    async def transmit_acte(self, dossier: Dossier) -> None:
        """A second legal officer; the one who checked the convention may not."""
        path = f"/engagements/{dossier.dossier_id}/acte"
        await self.client.refused("two-people-needed", "POST", "contracting", path, who=people.LEGAL)
        await self.client.ok("POST", "contracting", path, who=people.SECOND_LEGAL)
