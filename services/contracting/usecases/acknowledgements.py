"""What the BdT acknowledges: entered by a person, or read from the drop."""

from dataclasses import dataclass
from datetime import date

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.contracting import store
from services.contracting.domain import acte as domain
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Channel
from services.contracting.transmission import Transmission, TransmissionRefused, Ways
from shared.clock import Clock
from shared.documents import Documents
from shared.errors import NotFound, Refusal, Unavailable
from shared.events import Cause
from shared.journal import Journal

log = structlog.get_logger(__name__)

# How many answers a way is asked for in one go.
AT_ONCE = 200


class Acknowledgement(BaseModel):
    """An acknowledgement file; other members are the BdT's own."""

    model_config = ConfigDict(hide_input_in_errors=True)

    reference: str = Field(min_length=1, max_length=140)
    received_on: date
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Acknowledgements:
    engagements: Journal[Engagement]
    view: Documents
    ways: Ways
    clock: Clock

    async def record(
        self, dossier_id: str, reference: str, received_on: date, cause: Cause, *, sha256: str | None = None
    ) -> Engagement:
        """Raises: NotFound; as acknowledge of the domain."""
        if (await self.engagements.load(dossier_id)).version == 0:
            raise NotFound("Dossier inconnu.")
        now = self.clock.now()
        done = await self.engagements.append(
            dossier_id,
            lambda engagement: domain.acknowledge(engagement, reference, received_on, sha256, cause.actor, now),
            cause,
        )
        return done.state

    async def collect(self) -> None:
        """Read the ways for every acte that waits; a way that fails holds up no other, nor does a wrong file."""
        waiting = {row["acte_name"]: row["dossier_id"] async for row in store.unacknowledged(self.view)}
        names = sorted(waiting)
        for channel, way in self.ways.items():
            for start in range(0, len(names), AT_ONCE):
                files = await self._asked(channel, way, names[start : start + AT_ONCE])
                if files is None:
                    break
                for name, content in files.items():
                    await self._read(waiting[name], content)

    async def _asked(self, channel: Channel, way: Transmission, names: list[str]) -> dict[str, bytes] | None:
        """What a way answers about the actes of these names; None when it does not answer."""
        try:
            return await way.acknowledgements(names)
        except (Unavailable, TransmissionRefused) as trouble:
            log.warning("acknowledgements_wait", channel=channel.value, reason=str(trouble))
            return None

    async def _read(self, dossier_id: str, content: bytes) -> None:
        cause = Cause("service:contracting", correlation=dossier_id)
        try:
            read = Acknowledgement.model_validate_json(content)
            await self.record(dossier_id, read.reference, read.received_on, cause, sha256=read.sha256)
        except ValidationError:
            log.error("acknowledgement_needs_person", dossier=dossier_id, reason="acknowledgement-unreadable")
        except Refusal as refusal:
            log.error("acknowledgement_needs_person", dossier=dossier_id, reason=refusal.type)
