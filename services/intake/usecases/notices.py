"""Notices of offers: mailed to the bailleur until the server takes them, once each."""

from dataclasses import dataclass
from email.message import EmailMessage

import structlog

from services.intake import store
from services.intake.domain import notice as domain
from services.intake.domain.bailleur import Account
from services.intake.domain.dossier import Dossier
from services.intake.domain.facts import Notice, OfferNoticeMailed
from services.intake.mail import Mailbox, Posting, notice_subject, notice_text
from shared.clock import Clock
from shared.contracts.pricing import OfferIssued
from shared.documents import Documents
from shared.errors import Unavailable
from shared.events import Cause
from shared.journal import Journal

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notices:
    """Mail goes to the address the organisation gave for its contact: of its representatives intake knows the accounts
    and no address.
    """

    dossiers: Journal[Dossier]
    accounts: Journal[Account]
    view: Documents
    mailbox: Mailbox
    clock: Clock

    async def mail_due(self) -> None:
        """Send what was not sent, while the offer runs.

        At least once: after a crash between the server's answer and its recording the same message goes again, with
        the same Message-ID.
        """
        if self.mailbox.host is None:
            return
        async for row in store.to_notify(self.view):
            dossier = (await self.dossiers.load(row["dossier_id"])).state
            notice, offer = domain.due(dossier), dossier.offer
            if notice is None or offer is None or self.clock.now() > offer.valid_until:
                continue
            try:
                posting = await self._post(dossier, notice, offer)
            except Unavailable:
                log.warning("notices_postponed")
                return
            if posting is Posting.LATER:
                continue
            done = OfferNoticeMailed(
                dossier_id=offer.dossier_id,
                offer_id=offer.offer_id,
                notice=notice,
                taken=posting is Posting.TAKEN,
                mailed_at=self.clock.now(),
            )
            cause = Cause("service:intake", correlation=offer.dossier_id)
            await self.dossiers.append(offer.dossier_id, lambda state, done=done: domain.mailed(state, done), cause)

    async def _post(self, dossier: Dossier, notice: Notice, offer: OfferIssued) -> Posting:
        message = await self._message(dossier, notice, offer)
        return Posting.LATER if message is None else await self.mailbox.send(message)

    async def _message(self, dossier: Dossier, notice: Notice, offer: OfferIssued) -> EmailMessage | None:
        """None while the register's topic is behind pricing's and the deposit is not known here."""
        if dossier.opened is None or dossier.submitted is None:
            return None
        contact = (await self.accounts.load(dossier.opened.siren)).state.contact
        assert contact is not None, "a dossier is opened by a registered bailleur"
        return self.mailbox.message(
            f"{notice}-{offer.offer_id}",
            contact.contact_email,
            notice_subject(notice, dossier.submitted),
            notice_text(notice, dossier.submitted, offer),
        )
