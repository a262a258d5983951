"""From the draft to the deposit, and what follows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.intake import store
from services.intake.domain import answers, campaign, checklist, dossier, register
from services.intake.domain.bailleur import Account
from services.intake.domain.campaign import Campaign, check_deposit
from services.intake.domain.checklist import Missing
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import DossierOpened
from services.intake.domain.register import Content, Register
from services.intake.domain.uploads import AlreadySubmitted, papers_of
from services.intake.forms import DraftForm
from services.intake.store import Deposits, Draft, Drafts, StaleDraft
from services.intake.usecases.accounts import Accounts, check_represents
from services.intake.usecases.told import Told
from shared.auth import Principal
from shared.clock import Clock
from shared.contracts.envelope import Promoted, Released, ReservationRefused, Waitlisted
from shared.contracts.intake import DossierSubmitted, DossierWithdrawn, LoansReduced
from shared.documents import Document, Documents
from shared.errors import NotFound, Refusal
from shared.events import Cause, Event, MessageMeta
from shared.ids import new_id
from shared.journal import Journal
from shared.lending import LoanLimits
from shared.money import MAX_CENTS
from shared.rush import Rush
from shared.territory import Territory
from shared.together import let_go


@dataclass(frozen=True, slots=True)
class Dossiers:
    """`campaign_id` is the campaign new dossiers belong to."""

    accounts: Accounts
    dossiers: Journal[Dossier]
    registers: Journal[Register]
    campaigns: Journal[Campaign]
    drafts: Drafts
    deposits: Deposits
    view: Documents
    campaign_id: str
    clock: Clock
    rush: Rush = field(default_factory=Rush)
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
        if await self._catch_up(rows, caller):
            rows = [row async for row in store.dossiers_of(self.view, sirens, skip, limit)]
        for row in rows:
            waits = row["envelope"] == Waitlisted.__name__.lower()
            row["place"] = await self._place(row["campaign_id"], row["dossier_id"]) if waits else None
        return rows

    async def _catch_up(self, rows: list[Document], caller: Principal) -> bool:
        """Whether some of these rows were deposits that only the register knew of."""
        drafts = dict[str, list[str]]()
        for row in rows:
            if row["deposit_number"] is None:
                drafts.setdefault(row["campaign_id"], []).append(row["dossier_id"])
        late = list[str]()
        for campaign_id, ids in drafts.items():
            late += await self.registers.read(
                campaign_id, lambda state, ids=ids: [one for one in ids if one in state.deposits]
            )
        for dossier_id in late:
            await self.mine(dossier_id, caller)
        return bool(late)

    async def place(self, dossier_id: str, found: Dossier) -> int | None:
        """Its place on the waiting list now; None when it does not wait."""
        return await self._place(found.opened.campaign_id, dossier_id) if found.opened else None

    async def _place(self, campaign_id: str, dossier_id: str) -> int | None:
        return (await self.campaigns.load(campaign_id)).state.place_of(dossier_id)

    async def mine(self, dossier_id: str, caller: Principal) -> Dossier:
        """Raises: NotFound for an unknown dossier and for another bailleur's alike."""
        found, _ = await self._owned(dossier_id, caller)
        return await self._with_deposit(dossier_id, found)

    async def represented(self, dossier_id: str, caller: Principal) -> Dossier:
        """Raises: NotFound; Forbidden for a user who does not represent the bailleur."""
        found, account = await self._owned(dossier_id, caller)
        check_represents(account, caller)
        return await self._with_deposit(dossier_id, found)

    async def _owned(self, dossier_id: str, caller: Principal) -> tuple[Dossier, Account]:
        """A dossier as its own stream has it, and its bailleur's account."""
        opened = await self._opened(dossier_id)
        found, account = await asyncio.gather(self.dossiers.load(dossier_id), self.accounts.accounts.load(opened.siren))
        if not account.state.has(caller.subject):
            raise NotFound("Dossier inconnu.")
        return found.state, account.state

    async def _opened(self, dossier_id: str) -> DossierOpened:
        """Which never changes: what this process knows will do. Raises: NotFound."""
        opened = self.dossiers.seen(dossier_id).opened or (await self.dossiers.load(dossier_id)).state.opened
        if opened is None:
            raise NotFound("Dossier inconnu.")
        return opened

    async def _with_deposit(self, dossier_id: str, found: Dossier) -> Dossier:
        """With the deposit that the register holds and whose topic has not brought it yet: written into the dossier
        now, so that whoever got a number sees it, whichever process they ask."""
        if found.submitted is not None:
            return found
        assert found.opened is not None
        submitted = await self._deposited(found.opened.campaign_id, dossier_id)
        if submitted is None:
            return found
        return await self._show(dossier_id, submitted, Cause("service:intake", correlation=dossier_id))

    async def known(self, dossier_id: str) -> Dossier:
        """For staff. Raises: NotFound."""
        found = (await self.dossiers.load(dossier_id)).state
        if found.opened is None:
            raise NotFound("Dossier inconnu.")
        return await self._with_deposit(dossier_id, found)

    async def save(self, dossier_id: str, form: DraftForm, revision: int, caller: Principal) -> Draft:
        """Raises: NotFound, AlreadySubmitted, StaleDraft."""
        if (await self.mine(dossier_id, caller)).submitted is not None:
            raise AlreadySubmitted()
        saved = await self.drafts.save(dossier_id, form, revision)
        if (await self.known(dossier_id)).submitted is not None:
            raise AlreadySubmitted()  # meanwhile: what was saved is in no deposit
        return saved

    async def checklist(self, dossier_id: str, caller: Principal) -> list[Missing]:
        found = await self.mine(dossier_id, caller)
        if found.submitted is not None:
            return []
        draft = await self.drafts.read(dossier_id)
        assert found.opened is not None
        rules = (await self.campaigns.load(found.opened.campaign_id)).state.rules
        cap_cents = rules.cap_cents if rules else MAX_CENTS
        return checklist.missing(draft.form, papers_of(found), self.limits, self.territory, cap_cents)

    async def submit(self, dossier_id: str, revision: int | None, caller: Principal, cause: Cause) -> DossierSubmitted:
        """The definitive deposit; doing it again gives the same number. `revision`: the draft the caller saw.

        It is answered once the register holds it; the register's topic brings it to the dossier.
        Raises: NotFound, Forbidden, CampaignUnknown, CampaignNotOpen, CampaignClosedNow, CampaignSuspendedNow,
        EnvelopeConsumed, StaleDraft, Incomplete.
        """
        with self.rush:
            return await self._submit(dossier_id, revision, caller, cause)

    async def _submit(self, dossier_id: str, revision: int | None, caller: Principal, cause: Cause) -> DossierSubmitted:
        campaign_id = (await self._opened(dossier_id)).campaign_id
        # At once: a landlord waits for each look-up that waits for another.
        beside = asyncio.gather(self.campaigns.load(campaign_id), self.drafts.read(dossier_id, revision or 0))
        try:
            found, account = await self._owned(dossier_id, caller)
            check_represents(account, caller)
            if found.submitted is not None:
                return found.submitted
            campaign, draft = await beside
        finally:
            let_go(beside)
        try:
            content = self._content(found, account, campaign.state, draft, revision)
        except Refusal:
            # What is deposited keeps its number, whatever the campaign and the draft are now.
            submitted = await self._deposited(campaign_id, dossier_id)
            if submitted is None:
                raise
            return submitted
        done = await self.registers.append(
            campaign_id,
            lambda state: register.deposit(state, campaign_id, dossier_id, content, self.clock.now()),
            cause,
        )
        submitted = next((event for event in done.events if isinstance(event, DossierSubmitted)), None)
        submitted = submitted or await self._deposited(campaign_id, dossier_id)
        assert submitted is not None, "the register holds what it was given"
        return submitted

    def _content(
        self, found: Dossier, account: Account, campaign: Campaign, draft: Draft, revision: int | None
    ) -> Content:
        """What a deposit made now freezes. Raises: as `submit`."""
        rules = check_deposit(campaign, self.clock.now())
        if revision is not None and draft.revision != revision:
            raise StaleDraft(etag=draft.etag)
        papers = papers_of(found)
        return checklist.freeze(account.depositor, draft.form, papers, self.limits, self.territory, rules.cap_cents)

    async def _deposited(self, campaign_id: str, dossier_id: str) -> DossierSubmitted | None:
        """The deposit of a dossier, if the register holds it now."""
        deposit = await self.registers.read(campaign_id, lambda state: state.deposits.get(dossier_id))
        if deposit is None:
            return None
        reached = await self.registers.load(campaign_id)
        return await self.deposits.numbered(campaign_id, deposit.number, reached.version)

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
        if found.submitted is None:
            raise NotFound("Ce dossier n'est pas déposé.")
        loans = (found.reduced or found.submitted).loans
        campaign_id, now = found.opened.campaign_id, self.clock.now()
        done = await self.registers.append(
            campaign_id, lambda state: register.reduce_loans(state, campaign_id, dossier_id, loans, wanted, now), cause
        )
        for event in done.events:
            if isinstance(event, LoansReduced):
                await self._show(dossier_id, event, cause)

    async def _show(self, dossier_id: str, event: Event, cause: Cause) -> Dossier:
        """Write what the register holds into the dossier at once, so that its bailleur reads its own write.

        The register's topic brings it again; `dossier.note` knows it then. A crash in between loses nothing.
        """
        done = await self.dossiers.append(dossier_id, lambda state: dossier.note(state, event), cause)
        return done.state

    async def note(self, event: Any, meta: MessageMeta) -> None:
        """What any service announced about a dossier."""
        await self.dossiers.append(event.dossier_id, lambda state: dossier.note(state, event), meta.cause("intake"))

    async def note_wait(self, event: Waitlisted | Promoted | Released | ReservationRefused, meta: MessageMeta) -> None:
        """The list first: a dossier that is said to wait has its place."""
        await self.campaigns.append(
            event.campaign_id, lambda state: campaign.note_wait(state, event), meta.cause("intake")
        )
        await self.note(event, meta)

    async def note_campaign(self, event: Any, meta: MessageMeta) -> None:
        await self.campaigns.append(event.campaign_id, lambda _: [event], meta.cause("intake"))

    async def heard(self, heard: Sequence[tuple[Any, MessageMeta]]) -> list[Exception | None]:
        """The same for many at once: what concerns a campaign first, then the dossiers beside each other, each stream
        in the order of what was heard of it.
        """
        campaigns, dossiers = Told[Campaign](), Told[Dossier]()
        for place, (event, meta) in enumerate(heard):
            cause = meta.cause("intake")
            if isinstance(event, campaign.ABOUT_THE_WAIT):
                campaigns.add(
                    event.campaign_id, place, lambda state, event=event: campaign.note_wait(state, event), cause
                )
            if hasattr(event, "dossier_id"):
                dossiers.add(event.dossier_id, place, lambda state, event=event: dossier.note(state, event), cause)
            else:
                campaigns.add(event.campaign_id, place, lambda _, event=event: [event], cause)
        failed = await campaigns.append_to(self.campaigns)
        failed |= await dossiers.append_to(self.dossiers)
        return [failed.get(place) for place in range(len(heard))]

    async def campaign(self) -> Campaign:
        return (await self.campaigns.load(self.campaign_id)).state
