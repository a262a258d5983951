"""What landlords do: register, draft, deposit documents, submit, answer."""

import asyncio
from typing import Any

from deploy.demo.bailleurs import BAILLEURS
from deploy.demo.client import Client
from deploy.demo.letters import (
    intent_letter_pdf,
    offer_letter_pdf,
    presentation_pdf,
    scanned_convention_pdf,
    supplement_pdf,
)
from deploy.demo.operations import OPERATIONS, Story
from deploy.demo.people import Dossier, representative
from deploy.local.authority import Authority
from shared.clock import Clock

PDF = {"Content-Type": "application/pdf"}
SIGNATORY = "Dominique Démonstration"


class Portal:
    """The intake API as a landlord's browser uses it; `authority` gives landlords their signing certificates."""

    def __init__(self, client: Client, authority: Authority, clock: Clock) -> None:
        self.client = client
        self._authority = authority
        self._clock = clock

    async def register_all(self) -> None:
        for bailleur in BAILLEURS:
            body = {
                "siren": bailleur.siren,
                "name": bailleur.name,
                "structure": bailleur.structure,
                "department": bailleur.department,
                "legal_category": bailleur.legal_category,
                "address": bailleur.address,
                "contact_email": bailleur.contact_email,
                "special_agreement": bailleur.special_agreement,
                "signatory": {"name": f"Madame {SIGNATORY}", "capacity": "directrice générale"},
            }
            who = representative(bailleur.siren)
            await self.client.ok("POST", "intake", "/bailleurs", who=who, json=body)

    async def find_or_create(self) -> list[Dossier]:
        """One dossier an operation, found again by its name when an earlier run made it."""
        known: dict[tuple[str, str], str] = {}
        for bailleur in BAILLEURS:
            who = representative(bailleur.siren)
            for row in await self.client.ok("GET", "intake", "/dossiers", who=who, params={"limit": 200}):
                draft = await self.client.ok("GET", "intake", f"/dossiers/{row['dossier_id']}", who=who)
                known[bailleur.siren, draft["operation"]["name"] or ""] = row["dossier_id"]
        dossiers = [Dossier(operation) for operation in OPERATIONS]
        for dossier in dossiers:
            siren = dossier.operation.bailleur.siren
            dossier.dossier_id = known.get((siren, dossier.operation.name), "") or await self.create(dossier)
        return dossiers

    async def create(self, dossier: Dossier) -> str:
        siren = dossier.operation.bailleur.siren
        made = await self.client.send("POST", "intake", "/dossiers", who=dossier.who, json={"siren": siren})
        dossier.dossier_id = made.json()["dossier_id"]
        await self.client.ok(
            "PUT",
            "intake",
            f"/dossiers/{dossier.dossier_id}",
            who=dossier.who,
            json=dossier.operation.form(),
            headers={"If-Match": made.headers["ETag"]},
        )
        return dossier.dossier_id

    async def upload(self, dossier: Dossier, path: str, filename: str, content: bytes) -> dict[str, Any]:
        return await self.client.ok(
            "POST",
            "intake",
            f"/dossiers/{dossier.dossier_id}/{path}",
            who=dossier.who,
            params={"filename": filename},
            content=content,
            headers=PDF,
        )

    async def deposit_documents(self, dossier: Dossier, number: int) -> None:
        """The lender's letter (an offer, or for every third an intent) and the presentation; once."""
        listed = await self.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/documents", who=dossier.who)
        kinds = {one["kind"] for one in listed}
        operation = dossier.operation
        if not kinds & {"offer_letter", "intent_letter"}:
            if number % 3:
                await self.upload(dossier, "documents/offer_letter", "lettre-offre.pdf", offer_letter_pdf(operation))
            else:
                content = intent_letter_pdf(operation)
                await self.upload(dossier, "documents/intent_letter", "lettre-intention.pdf", content)
        if "presentation" not in kinds:
            await self.upload(dossier, "documents/presentation", "presentation.pdf", presentation_pdf(operation))

    async def submit(self, dossier: Dossier) -> int:
        """Deposit the draft that was read last."""
        path = f"/dossiers/{dossier.dossier_id}"
        read = await self.client.send("GET", "intake", path, who=dossier.who)
        seen = {"If-Match": read.headers["ETag"]}
        made = await self.client.ok("POST", "intake", f"{path}/submission", who=dossier.who, headers=seen)
        return made["deposit_number"]

    async def timeline(self, dossier: Dossier) -> dict[str, Any]:
        return await self.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/timeline", who=dossier.who)

    async def withdraw(self, dossier: Dossier) -> None:
        body = {"reason": "Opération abandonnée par la collectivité"}
        await self.client.ok("POST", "intake", f"/dossiers/{dossier.dossier_id}/withdrawal", who=dossier.who, json=body)

    async def answer_supplement(self, dossier: Dossier, request_id: str) -> None:
        content = supplement_pdf(dossier.operation)
        made = await self.upload(dossier, "documents/supplement", "complement.pdf", content)
        body = {"request_id": request_id, "document_ids": [made["document_id"]], "message": "Voici le complément."}
        await self.client.ok(
            "POST", "intake", f"/dossiers/{dossier.dossier_id}/supplements", who=dossier.who, json=body
        )

    async def offer(self, dossier: Dossier) -> dict[str, Any]:
        return await self.client.ok("GET", "intake", f"/dossiers/{dossier.dossier_id}/offer", who=dossier.who)

    async def accept(self, dossier: Dossier) -> None:
        offer = await self.offer(dossier)
        body = {"offer_id": offer["offer_id"], "document_sha256": offer["document_sha256"]}
        path = f"/dossiers/{dossier.dossier_id}/offer/acceptance"
        await self.client.ok("POST", "intake", path, who=dossier.who, json=body)

    async def decline(self, dossier: Dossier) -> None:
        body = {"offer_id": (await self.offer(dossier))["offer_id"], "reason": "Autre montage retenu"}
        path = f"/dossiers/{dossier.dossier_id}/offer/decline"
        await self.client.ok("POST", "intake", path, who=dossier.who, json=body)

    async def return_convention(self, dossier: Dossier) -> None:
        path = f"/dossiers/{dossier.dossier_id}/convention"
        convention = await self.client.ok("GET", "intake", path, who=dossier.who)
        signed = await self.signed_by(dossier, convention)
        await self.upload(dossier, "signed-convention", "convention-signee.pdf", signed)

    async def signed_by(self, dossier: Dossier, convention: bytes) -> bytes:
        """The convention signed electronically, or for one dossier by hand and scanned."""
        if dossier.operation.story is Story.SIGN_BY_HAND:
            return await asyncio.to_thread(scanned_convention_pdf, convention)
        bailleur = dossier.operation.bailleur
        seal = self._authority.signatory(bailleur.siren, bailleur.name, SIGNATORY)
        return await seal.sign(convention, at=self._clock.now(), field="Bailleur", reason="Signature du bailleur")
