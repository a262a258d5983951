"""The scenario: every dossier goes as far as its story leads, day by day on the stepped clock.

Each act is chosen from what the portal shows, so an interrupted run goes on where it stopped and a second run does
nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.demo.client import Client, Unexpected, awaited
from deploy.demo.offices import CAMPAIGN, Offices
from deploy.demo.operations import ENDS, Story
from deploy.demo.people import Dossier
from deploy.demo.portal import Portal
from deploy.local import clock
from deploy.local.authority import Authority
from services.intake.domain.status import TABLE, PublicStatus
from shared.calendar import PARIS, BusinessCalendar
from shared.clock import ClockFile

OPENS_AT = datetime(2024, 4, 29, 7, tzinfo=UTC)
AT_ONCE = 6
MAX_DAYS = 60
AFTER_A_DEADLINE = timedelta(minutes=15)
ENDED = frozenset(status.value for status in PublicStatus if TABLE[status].ended)
Act = Callable[[], Awaitable[None]]


class Scenario:
    """Plays through `client`; `say` tells a person what happens."""

    def __init__(self, client: Client, clock_file: Path, authority: Authority, say: Callable[[str], None]) -> None:
        self.client = client
        self.portal = Portal(client, authority, ClockFile(clock_file))
        self.offices = Offices(client)
        self.dossiers: list[Dossier] = []
        self._clock_file = clock_file
        self._transmitted = 0
        self._say = say

    @property
    def now(self) -> datetime:
        return ClockFile(self._clock_file).now()

    @property
    def today(self) -> date:
        return self.now.astimezone(PARIS).date()

    async def play(self) -> None:
        await self._open()
        await self._deposit()
        for _ in range(MAX_DAYS):
            await awaited(self._promotions_known, "montants libérés et promotions connus des bailleurs")
            moved = await self._advance_all()
            moved |= await self._hold_board()
            if not moved and not await self._let_an_offer_expire():
                return
            self._next_business_day()
        raise Unexpected(f"le scénario n'est pas terminé après {MAX_DAYS} jours")

    def _next_business_day(self) -> None:
        """The offices open again; nobody works at weekends."""
        moment = self.now + timedelta(days=1)
        while not BusinessCalendar().is_business_day(moment.astimezone(PARIS).date()):
            moment += timedelta(days=1)
        clock.step_to(self._clock_file, moment)

    # -- before and at the opening -----------------------------------------------------------------------------

    async def _open(self) -> None:
        if not (await self._campaign())["label"]:
            self._say("Deux responsables adoptent les règles de la campagne (600 M€).")
            await self.offices.open_campaign(OPENS_AT, self.now)
            await awaited(self._campaign_known, "campagne connue du portail")
        if not await self.offices.grid_adopted():
            self._say("Deux tarificateurs adoptent la grille de démonstration, qui prend effet le 29 avril 2024.")
            await self.offices.adopt_grid()
        self._say("Les bailleurs s'inscrivent, saisissent leurs opérations et déposent leurs documents.")
        await self.portal.register_all()
        self.dossiers = await self.portal.find_or_create()

    async def _campaign(self) -> dict[str, Any]:
        return await self.client.ok("GET", "intake", "/campaign")

    async def _campaign_known(self) -> bool | None:
        return True if (await self._campaign())["label"] else None

    async def _deposit(self) -> None:
        drafts = [dossier for dossier in self.dossiers if (await self._status(dossier)) == "draft"]
        await self._gather(
            [
                self.portal.deposit_documents(dossier, number)
                for number, dossier in enumerate(self.dossiers, start=1)
                if dossier in drafts
            ]
        )
        if not drafts:
            return
        if self.now < OPENS_AT:
            path = f"/dossiers/{drafts[0].dossier_id}/submission"
            await self.client.refused("campaign-not-open", "POST", "intake", path, who=drafts[0].who)
            self._say("Un dépôt avant l'ouverture est refusé ; l'horloge passe à l'ouverture, le 29 avril 2024 à 9 h.")
            clock.step_to(self._clock_file, OPENS_AT + timedelta(seconds=1))
        for dossier in drafts:
            await self.portal.submit(dossier)
        self._say(f"{len(drafts)} dossiers envoyés ; l'enveloppe réserve par ordre de numéro.")
        await awaited(self._all_decided, "décision de l'enveloppe sur chaque numéro")

    async def _all_decided(self) -> bool | None:
        """The landlords know where they stand."""
        seen = await self._gather([self.portal.timeline(dossier) for dossier in self.dossiers])
        return True if all(one["envelope"] for one in seen) else None

    # -- day by day --------------------------------------------------------------------------------------------

    async def _gather(self, acts: list[Any]) -> list[Any]:
        """A few at once: the stack is one machine."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(act: Awaitable[Any]) -> Any:
            async with limit:
                return await act

        return await asyncio.gather(*[one(act) for act in acts])

    async def _advance_all(self) -> bool:
        return any(await self._gather([self._advance(dossier) for dossier in self.dossiers]))

    async def _advance(self, dossier: Dossier) -> bool:
        """Bring one dossier as far as it goes today. True when it moved."""
        moved = False
        while True:
            seen = await self.portal.timeline(dossier)
            act = self.next_act(dossier, seen)
            if act is None:
                return moved
            await act()
            await self.changed(dossier, seen)
            moved = True

    async def changed(self, dossier: Dossier, seen: dict[str, Any]) -> None:
        async def other() -> bool | None:
            return True if (await self._status(dossier)) != seen["status"] else None

        await awaited(other, f"suite de « {seen['status_label']} », {dossier.operation.name}")

    async def _status(self, dossier: Dossier) -> str:
        return (await self.portal.timeline(dossier))["status"]

    def next_act(self, dossier: Dossier, seen: dict[str, Any]) -> Act | None:
        status, story, offices, portal = seen["status"], dossier.operation.story, self.offices, self.portal
        if status in ENDED or seen["envelope"] not in ("reserved", "promoted", "committed"):
            return None
        match status:
            case "submitted":
                return self._bind(portal.withdraw if story is Story.WITHDRAW else offices.assign, dossier)
            case "under_review":
                return self._bind(self._review_act(dossier, seen), dossier)
            case "supplement_requested":
                return lambda: portal.answer_supplement(dossier, seen["supplement"]["request_id"])
            case "deemed_complete":
                return lambda: offices.examine(dossier, self.today)
            case "in_committee":
                return lambda: offices.give_opinion(dossier, story is not Story.UNFAVOURABLE, self.today)
            case "favourable":
                return self._bind(offices.issue_offer, dossier)
            case "offer_issued" | "board_confirmed":
                return self._answer_act(dossier, status)
            case "engaged":
                return self._bind(offices.send_convention, dossier)
            case "convention_sent":
                return lambda: self._sign(dossier)
            case "convention_signed":
                return lambda: offices.record_payments(dossier, story is Story.PAY_IN_TWO, self.today)
            case "premium_paid":
                return lambda: self._transmit(dossier)
            case _:
                return None

    @staticmethod
    def _bind(act: Callable[[Dossier], Awaitable[None]], dossier: Dossier) -> Act:
        return lambda: act(dossier)

    def _review_act(self, dossier: Dossier, seen: dict[str, Any]) -> Callable[[Dossier], Awaitable[None]]:
        asked = any(entry["label"] == "Complément demandé" for entry in seen["entries"])
        match dossier.operation.story:
            case Story.OTHER_GUARANTEE:
                return self.offices.find_ineligible
            case Story.SUPPLEMENT if not asked:
                return self.offices.ask_supplement
            case _:
                return self.offices.deem_complete

    def _answer_act(self, dossier: Dossier, status: str) -> Act | None:
        match dossier.operation.story:
            case Story.EXPIRE:
                return None
            case Story.DECLINE:
                return self._bind(self.portal.decline, dossier)
            case Story.ACCEPT_AFTER_BOARD if status == "offer_issued":
                return None
            case _:
                return self._bind(self.portal.accept, dossier)

    async def _sign(self, dossier: Dossier) -> None:
        await self.portal.return_convention(dossier)
        await self.offices.check_convention(dossier)

    async def _transmit(self, dossier: Dossier) -> None:
        await self.offices.transmit_acte(dossier)
        if not self._transmitted:
            self._say(f"Premier acte transmis à la Banque des Territoires : « {dossier.operation.name} ».")
        self._transmitted += 1

    async def _hold_board(self) -> bool:
        """A session for what was accepted, and for the one that accepts after it."""
        decisions = list[tuple[Dossier, bool]]()
        for dossier in self.dossiers:
            status, story = await self._status(dossier), dossier.operation.story
            if status == "offer_accepted" or (status == "offer_issued" and story is Story.ACCEPT_AFTER_BOARD):
                decisions.append((dossier, story is not Story.BOARD_REFUSED))
        if not decisions:
            return False
        counted = "un dossier" if len(decisions) == 1 else f"{len(decisions)} dossiers"
        self._say(f"Séance du Conseil d'administration du {self.today:%d/%m/%Y} : {counted}.")
        await self.offices.hold_board(self.today, decisions)
        for dossier, _ in decisions:
            await self._changed_from(dossier, ("offer_accepted", "offer_issued"))
        return True

    async def _changed_from(self, dossier: Dossier, statuses: tuple[str, ...]) -> None:
        async def other() -> bool | None:
            return True if (await self._status(dossier)) not in statuses else None

        await awaited(other, f"décision du Conseil, {dossier.operation.name}")

    async def _let_an_offer_expire(self) -> bool:
        """Nobody has anything to do today: ten jours ouvrés pass over an unanswered offer."""
        for dossier in self.dossiers:
            seen = await self.portal.timeline(dossier)
            if seen["status"] == "offer_issued":
                due = datetime.fromisoformat(seen["due_at"])
                self._say(
                    f"« {dossier.operation.name} » ne répond pas ; l'offre expire le {due.astimezone(PARIS):%d/%m/%Y}."
                )
                clock.step_to(self._clock_file, due + AFTER_A_DEADLINE)
                await self._changed_from(dossier, ("offer_issued",))
                return True
        return False

    async def _promotions_known(self) -> bool | None:
        """The amount has returned, and the landlords know who still waits."""
        figures = await self.offices.figures()
        listed = {one["dossier_id"] for one in await self.offices.waiting_list()}
        seen = await self._gather([self.portal.timeline(dossier) for dossier in self.dossiers])
        waiting = {
            dossier.dossier_id
            for dossier, one in zip(self.dossiers, seen, strict=True)
            if one["envelope"] == "waitlisted"
        }
        held = sum(
            dossier.operation.principal_cents
            for dossier, one in zip(self.dossiers, seen, strict=True)
            if one["envelope"] in ("reserved", "promoted", "committed")
        )
        returned = all(one["envelope"] == "released" for one in seen if one["status"] in ENDS.values())
        agree = waiting == listed and held == figures["reserved_cents"] + figures["committed_cents"]
        return True if returned and agree else None


__all__ = ["CAMPAIGN", "Scenario"]
