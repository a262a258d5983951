"""From the draft to the deposit, and what follows it."""

from dataclasses import dataclass, field
from typing import Any

from services.intake import store
from services.intake.domain import answers, campaign, checklist, dossier, register
from services.intake.domain.campaign import Campaign, check_deposit
from services.intake.domain.checklist import Missing
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import DossierOpened
from services.intake.domain.register import Register
from services.intake.forms import DraftForm
from services.intake.store import Draft, Drafts, Uploads
from services.intake.usecases.accounts import Accounts
from shared.auth import Principal
from shared.clock import Clock
from shared.contracts.envelope import Promoted, Released, Waitlisted
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.documents import Document, Documents
from shared.errors import NotFound, Refusal
from shared.events import Cause, Event, MessageMeta
from shared.ids import new_id
from shared.journal import Journal
from shared.lending import LoanLimits
from shared.money import MAX_CENTS
from shared.territory import Territory


class AlreadySubmitted(Refusal):
    type = "already-submitted"
    title = "Le dossier est envoyé : il ne peut plus être modifié"


@dataclass(frozen=True, slots=True)
class Dossiers:
    """`campaign_id` is the campaign new dossiers belong to."""

    accounts: Accounts
    dossiers: Journal[Dossier]
    registers: Journal[Register]
    campaigns: Journal[Campaign]
    drafts: Drafts
    uploads: Uploads
    view: Documents
    campaign_id: str
    clock: Clock
    limits: LoanLimits = field(default_factory=LoanLimits)
    territory: Territory = field(default_factory=Territory.load)

    async def open(self, siren: str, caller: Principal, cause: Cause) -> str:
        """A new draft. Returns its dossier id. Raises: NotFound."""
        await self.accounts.member(siren, caller)
        dossier_id = new_id()
        opened = DossierOpened(
            dossier_id=dossier_id, siren=siren, campaign_id=self.campaign_id, opened_at=self.clock.now()
        )
        await self.dossiers.append(dossier_id, lambda _: [opened], cause)
        return dossier_id

    async def listed(self, caller: Principal, skip: int, limit: int) -> list[Document]:
        sirens = await store.sirens_of(self.accounts.view, caller.subject)
        rows = [row async for row in store.dossiers_of(self.view, sirens, skip, limit)]
        for row in rows:
            waits = row["envelope"] == Waitlisted.__name__.lower()
            row["place"] = await self._place(row["campaign_id"], row["dossier_id"]) if waits else None
        return rows

    async def place(self, dossier_id: str, found: Dossier) -> int | None:
        """Its place on the waiting list now; None when it does not wait."""
        return await self._place(found.opened.campaign_id, dossier_id) if found.opened else None

    async def _place(self, campaign_id: str, dossier_id: str) -> int | None:
        return (await self.campaigns.load(campaign_id)).state.place_of(dossier_id)

    async def mine(self, dossier_id: str, caller: Principal) -> Dossier:
        """Raises: NotFound for an unknown dossier and for another bailleur's alike."""
        found = (await self.dossiers.load(dossier_id)).state
        if found.opened is None:
            raise NotFound("Dossier inconnu.")
        try:
            await self.accounts.member(found.opened.siren, caller)
        except NotFound:
            raise NotFound("Dossier inconnu.") from None
        return found

    async def represented(self, dossier_id: str, caller: Principal) -> Dossier:
        """Raises: NotFound; Forbidden for a user who does not represent the bailleur."""
        found = await self.mine(dossier_id, caller)
        assert found.opened is not None
        await self.accounts.representative(found.opened.siren, caller)
        return found

    async def known(self, dossier_id: str) -> Dossier:
        """For staff. Raises: NotFound."""
        found = (await self.dossiers.load(dossier_id)).state
        if found.opened is None:
            raise NotFound("Dossier inconnu.")
        return found

    async def save(self, dossier_id: str, form: DraftForm, revision: int, caller: Principal) -> Draft:
        """Raises: NotFound, AlreadySubmitted, StaleDraft."""
        if (await self.mine(dossier_id, caller)).submitted is not None:
            raise AlreadySubmitted()
        return await self.drafts.save(dossier_id, form, revision)

    async def checklist(self, dossier_id: str, caller: Principal) -> list[Missing]:
        found = await self.mine(dossier_id, caller)
        if found.submitted is not None:
            return []
        draft = await self.drafts.read(dossier_id)
        papers = store.papers_of(await self.uploads.of(dossier_id))
        assert found.opened is not None
        cap_cents = await self._cap_cents(found.opened.campaign_id)
        return checklist.missing(draft.form, papers, self.limits, self.territory, cap_cents)

    async def _cap_cents(self, campaign_id: str) -> int:
        rules = (await self.campaigns.load(campaign_id)).state.rules
        return rules.cap_cents if rules else MAX_CENTS

    async def submit(self, dossier_id: str, caller: Principal, cause: Cause) -> DossierSubmitted:
        """The definitive deposit; doing it again gives the same number.

        Raises: NotFound, Forbidden, CampaignUnknown, CampaignNotOpen, CampaignClosedNow, CampaignSuspendedNow,
        EnvelopeConsumed, Incomplete.
        """
        found = await self.represented(dossier_id, caller)
        if found.submitted is not None:
            return found.submitted
        assert found.opened is not None
        campaign_id = found.opened.campaign_id
        if dossier_id in (await self.registers.load(campaign_id)).state.deposits:
            # A crash came between the register and the dossier: the number holds, whatever the campaign is now.
            submitted = await self._deposited(campaign_id, dossier_id)
            await self._show(dossier_id, submitted, cause)
            return submitted
        check_deposit((await self.campaigns.load(campaign_id)).state, self.clock.now())
        account = await self.accounts.member(found.opened.siren, caller)
        draft = await self.drafts.read(dossier_id)
        papers, cap_cents = store.papers_of(await self.uploads.of(dossier_id)), await self._cap_cents(campaign_id)
        content = checklist.freeze(account.depositor, draft.form, papers, self.limits, self.territory, cap_cents)
        done = await self.registers.append(
            campaign_id,
            lambda state: register.deposit(state, campaign_id, dossier_id, content, self.clock.now()),
            cause,
        )
        submitted = next((event for event in done.events if isinstance(event, DossierSubmitted)), None)
        if submitted is None:
            # Somebody was quicker with the same dossier: its number comes back through the register's topic.
            submitted = await self._deposited(campaign_id, dossier_id)
        await self._show(dossier_id, submitted, cause)
        return submitted

    async def _deposited(self, campaign_id: str, dossier_id: str) -> DossierSubmitted:
        """The deposit of a dossier as the register holds it."""
        async for event in self.registers.events(campaign_id):
            if isinstance(event, DossierSubmitted) and event.dossier_id == dossier_id:
                return event
        raise NotFound("Ce dossier n'est pas déposé.")

    async def withdraw(self, dossier_id: str, reason: str, caller: Principal, cause: Cause) -> None:
        """Raises: NotFound, Forbidden, DossierEnded, NotWithdrawable."""
        found = await self.represented(dossier_id, caller)
        answers.check_withdrawable(found)
        assert found.opened is not None
        campaign_id, now = found.opened.campaign_id, self.clock.now()
        done = await self.registers.append(
            campaign_id, lambda state: register.withdraw(state, campaign_id, dossier_id, reason, now), cause
        )
        for event in done.events:
            if isinstance(event, DossierWithdrawn):
                await self._show(dossier_id, event, cause)

    async def reduce(self, dossier_id: str, wanted: dict[str, int], caller: Principal, cause: Cause) -> None:
        """Raises: NotFound, Forbidden, DossierEnded, NotReducible, UnknownLoan, LoanOnlyDecreases."""
        found = await self.represented(dossier_id, caller)
        answers.check_reducible(found)
        assert found.opened is not None
        campaign_id, now = found.opened.campaign_id, self.clock.now()
        done = await self.registers.append(
            campaign_id, lambda state: register.reduce_loans(state, campaign_id, dossier_id, wanted, now), cause
        )
        for event in done.events:
            if isinstance(event, LoansReduced):
                await self._show(dossier_id, event, cause)

    async def _show(self, dossier_id: str, event: Event, cause: Cause) -> None:
        """Write what the register holds into the dossier at once, so that its bailleur reads its own write.

        The register's topic brings it again; `dossier.note` knows it then. A crash in between loses nothing.
        """
        await self.dossiers.append(dossier_id, lambda state: dossier.note(state, event), cause)

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What any service announced about a dossier."""
        await self.dossiers.append(event.dossier_id, lambda state: dossier.note(state, event), meta.cause("intake"))

    async def note_wait(self, event: Waitlisted | Promoted | Released, meta: MessageMeta) -> None:
        """The list first: a dossier that is said to wait has its place."""
        await self.campaigns.append(
            event.campaign_id, lambda state: campaign.note_wait(state, event), meta.cause("intake")
        )
        await self.note(event, meta)

    async def note_campaign(self, event: Any, meta: MessageMeta) -> None:
        await self.campaigns.append(event.campaign_id, lambda _: [event], meta.cause("intake"))

    async def campaign(self) -> Campaign:
        return (await self.campaigns.load(self.campaign_id)).state
