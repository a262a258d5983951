"""What each person does in the scenario, one act a function, through the public HTTP APIs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.bailleurs import DemoBailleur
from deploy.demo.operations import DemoOperation

from deploy.demo.client import Client, awaited

CAMPAIGN = "lli-2024"
PDF = {"Content-Type": "application/pdf"}

INSTRUCTOR = ("instructeur-1", "instructor")
COMPLIANCE = ("conformite-1", "compliance")
COMMITTEE = ("secretaire-ccn", "committee_secretary")
PRICING = ("tarificateur-1", "pricing_officer")
LEGAL = ("juriste-1", "legal_officer")
SECOND_LEGAL = ("juriste-2", "legal_officer")
BOARD = ("secretaire-ca", "board_secretary")
ACCOUNTANT = ("comptable-1", "accountant")
MANAGERS = (("responsable-1", "campaign_manager"), ("responsable-2", "campaign_manager"))
AUDITOR = ("auditeur-1", "auditor")


@dataclass(slots=True)
class Dossier:
    """A dossier of the scenario as the portal knows it."""

    operation: DemoOperation
    bailleur: DemoBailleur
    dossier_id: str = ""

    @property
    def who(self) -> tuple[str, str]:
        """The bailleur's representative."""
        return (f"representant-{self.bailleur.siren}", "bailleur")


class Acts:
    """Every act of every role; `now` is the stepped clock."""

    def __init__(self, client: Client) -> None:
        self.client = client

    # -- campaign ----------------------------------------------------------------------------------------------

    async def open_campaign(self, opens_at: datetime, effective_at: datetime) -> None:
        """Two people put the rules in force: 600 M€, strict waiting list."""
        rules = {
            "label": "Garantie des prêts logement intermédiaire",
            "cap_cents": 60_000_000_000,
            "opens_at": opens_at.isoformat(),
            "effective_at": effective_at.isoformat(),
        }
        proposer, approver = MANAGERS
        body = {"action": "rules", "rules": rules, "reason": "Ouverture de l'appel à manifestation d'intérêt"}
        path = f"/campaigns/{CAMPAIGN}/proposals"
        made = await self.client.ok("POST", "envelope", path, who=proposer, json=body)
        await self.client.refused(
            "two-people-needed", "POST", "envelope", f"{path}/{made['proposal_id']}/approval", who=proposer
        )
        await self.client.ok("POST", "envelope", f"{path}/{made['proposal_id']}/approval", who=approver)

    async def envelope(self) -> dict[str, Any]:
        return await self.client.ok("GET", "envelope", f"/envelopes/{CAMPAIGN}", who=AUDITOR)

    # -- instruction -------------------------------------------------------------------------------------------
    # -- pricing -----------------------------------------------------------------------------------------------

    async def issue_offer(self, dossier: Dossier) -> None:
        path = f"/offers/{dossier.dossier_id}"

        async def draft() -> str | None:
            answer = await self.client.send("GET", "pricing", path, who=PRICING)
            found = answer.json().get("draft") if answer.is_success else None
            return found["offer_id"] if found else None

        offer_id = await awaited(draft, f"projet d'offre {dossier.operation.name}")
        await self.client.ok("POST", "pricing", f"{path}/issue", who=PRICING, json={"offer_id": offer_id})

    # -- contracting -------------------------------------------------------------------------------------------

    async def engagement(self, dossier: Dossier) -> dict[str, Any]:
        return await self.client.ok("GET", "contracting", f"/engagements/{dossier.dossier_id}", who=LEGAL)
