"""Several processes of intake on one database, and dossiers that they deposit."""

import pytest

from services.intake import store
from services.intake.domain import bailleur, campaign, dossier, register
from services.intake.settings import IntakeSettings
from services.intake.store import Deposits, Drafts
from services.intake.usecases.accounts import Accounts
from services.intake.usecases.dossiers import Dossiers
from shared.auth import Principal
from shared.documents import Documents, MemoryDocuments
from shared.events import Event, MessageMeta
from shared.service import Service
from shared.territory import Territory
from tests import facts
from tests.counter import START, FixedClock, cause
from tests.facts import CAMPAIGN
from tests.handlers.bench import FACTS, MemoryDatabase, local
from tests.unit.intake.samples import draft

REPRESENTATIVE, COLLEAGUE, STRANGER = (Principal(name, frozenset()) for name in ("repr", "colleague", "stranger"))
SIREN = facts.submitted().bailleur.siren
TERRITORY = Territory.load()


class Counted(MemoryDocuments):
    """Counts what is asked for by id and what is searched."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_up = self.searched = self.inserted = 0

    async def get(self, key: str):
        self.looked_up += 1
        return await super().get(key)

    def find(self, query, **how):
        self.searched += 1
        return super().find(query, **how)

    async def insert(self, document) -> None:
        self.inserted += 1
        await super().insert(document)


class CountedDatabase(MemoryDatabase):
    def collection(self, name: str) -> Documents:
        return self._collections.setdefault(name, Counted())

    def count(self, what: str) -> int:
        return sum(getattr(one, what) for one in self._collections.values())


class Intake:
    """Several processes of intake on one database; nothing comes through topics."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database = CountedDatabase()
        monkeypatch.setattr("shared.service.Database", lambda *_: self.database)
        monkeypatch.setattr("shared.clock.SystemClock", FixedClock)

    def process(self) -> Dossiers:
        service = Service("intake", local(IntakeSettings))
        accounts = Accounts(
            service.journal(bailleur.KIND, store.render_account), service.view(bailleur.KIND), service.clock
        )
        return Dossiers(
            accounts=accounts,
            dossiers=service.journal(dossier.KIND, store.render_dossier),
            registers=service.journal(register.KIND, snapshots=True),
            campaigns=service.journal(campaign.KIND),
            drafts=Drafts(service.collection("drafts")),
            deposits=Deposits(service.commits),
            view=service.view(dossier.KIND),
            campaign_id=CAMPAIGN,
            clock=service.clock,
            territory=TERRITORY,
        )

    async def announce(self, dossiers: Dossiers, *told: type[Event]) -> None:
        """What envelope says of the campaign."""
        await dossiers.campaigns.append(CAMPAIGN, lambda _: [FACTS[cls] for cls in told], cause())

    async def noted(self, dossiers: Dossiers, dossier_id: str) -> list[str]:
        """What the dossier's own stream holds of the register."""
        told = [one async for one in dossiers.dossiers.events(dossier_id)]
        return [type(one).__name__ for one in told if isinstance(one, dossier.FROM_THE_REGISTER)]

    def spent(self) -> dict[str, int]:
        return {what: self.database.count(what) for what in ("looked_up", "searched", "inserted")}


async def ready(dossiers: Dossiers, saves: int = 1) -> str:
    """A dossier that can be submitted, its draft saved some times."""
    dossier_id = await dossiers.open(SIREN, REPRESENTATIVE, cause())
    for revision in range(saves):
        await dossiers.save(dossier_id, draft(), revision, REPRESENTATIVE)
    await dossiers.dossiers.append(dossier_id, lambda _: facts.papers(dossier_id), cause())
    return dossier_id


async def submit(dossiers: Dossiers, dossier_id: str, revision: int | None = 1, who: Principal = REPRESENTATIVE) -> int:
    return (await dossiers.submit(dossier_id, revision, who, cause())).deposit_number


def meta() -> MessageMeta:
    """A message of the register's topic."""
    stream = register.KIND.stream(CAMPAIGN)
    return MessageMeta(f"{stream}#1.1", "DossierSubmitted", 1, stream, 1, 1, START, "c0ffee")
