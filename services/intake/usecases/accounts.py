"""Registration, users, and who may see what."""

from dataclasses import dataclass

from services.intake import store
from services.intake.domain import bailleur as domain
from services.intake.domain.bailleur import Account, ContactRecorded
from shared.auth import Principal
from shared.clock import Clock
from shared.contracts.values import Bailleur, Signatory
from shared.documents import Documents
from shared.errors import Forbidden, NotFound
from shared.events import Cause
from shared.journal import Journal


@dataclass(frozen=True, slots=True)
class Accounts:
    accounts: Journal[Account]
    view: Documents
    clock: Clock

    async def register(
        self,
        bailleur: Bailleur,
        legal_category: str,
        address: str,
        contact_email: str,
        special_agreement: bool,
        caller: Principal,
        cause: Cause,
        signatory: Signatory | None = None,
    ) -> Account:
        now = self.clock.now()
        contact = ContactRecorded(
            siren=bailleur.siren,
            legal_category=legal_category,
            address=address,
            contact_email=contact_email,
            special_agreement=special_agreement,
            recorded_at=now,
            signatory=signatory,
        )
        done = await self.accounts.append(
            bailleur.siren,
            lambda account: domain.register(account, bailleur, contact, caller.subject, now),
            cause,
        )
        return done.state

    async def record_contact(
        self,
        siren: str,
        address: str,
        contact_email: str,
        signatory: Signatory | None,
        caller: Principal,
        cause: Cause,
    ) -> Account:
        """Raises: NotFound unless the caller represents it."""
        now = self.clock.now()
        done = await self.accounts.append(
            siren,
            lambda account: domain.record_contact(account, caller.subject, address, contact_email, signatory, now),
            cause,
        )
        return done.state

    async def add_member(
        self, siren: str, subject: str, representative: bool, caller: Principal, cause: Cause
    ) -> Account:
        now = self.clock.now()
        done = await self.accounts.append(
            siren, lambda account: domain.add_member(account, caller.subject, subject, representative, now), cause
        )
        return done.state

    async def of(self, caller: Principal) -> list[Account]:
        """The bailleurs the caller belongs to."""
        sirens = await store.sirens_of(self.view, caller.subject)
        return [(await self.accounts.load(siren)).state for siren in sirens]

    async def member(self, siren: str, caller: Principal) -> Account:
        """Raises: NotFound unless the caller belongs to it; another bailleur does not exist for you."""
        account = (await self.accounts.load(siren)).state
        if not account.has(caller.subject):
            raise NotFound("Bailleur inconnu.")
        return account


def check_represents(account: Account, caller: Principal) -> None:
    """Raises: Forbidden for a user who does not represent the bailleur."""
    if not account.represented_by(caller.subject):
        raise Forbidden("Cette démarche est réservée à un représentant habilité du bailleur.")
