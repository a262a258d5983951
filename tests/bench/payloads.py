"""The same deposits for every lane: numbered from 1, two loans and two documents each, as intake announces them."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from shared.contracts.envelope import RulesAdopted
from shared.contracts.intake import DossierSubmitted
from shared.contracts.values import CampaignRules
from shared.events import Event, MessageMeta
from tests import facts

AT = datetime(2024, 4, 29, 7, 0, 1, tzinfo=UTC)
# No deposit waits for room: every lane reserves, none does less work than another.
ROOM_CENTS = 10**17

Command = tuple[DossierSubmitted, MessageMeta]


def rules(campaign_id: str) -> tuple[RulesAdopted, MessageMeta]:
    """What opens the campaign's ledger."""
    adopted = CampaignRules(
        campaign_id=campaign_id,
        version=1,
        label="Mesure",
        cap_cents=ROOM_CENTS,
        opens_at=AT,
        effective_at=AT,
        offer_validity_business_days=10,
        convention_return_days=60,
        premium_due_days=30,
    )
    event = RulesAdopted(rules=adopted, adopted_at=AT)
    return event, _meta(event, f"campaign:{campaign_id}", 1)


def deposits(campaign_id: str, count: int, first: int = 1) -> Iterator[Command]:
    """`count` deposits from number `first` on."""
    model = facts.submitted(campaign_id=campaign_id)
    for number in range(first, first + count):
        event = model.model_copy(update={"dossier_id": _id(campaign_id, number), "deposit_number": number})
        yield event, _meta(event, f"register:{campaign_id}", number)


def _meta(event: Event, stream: str, version: int) -> MessageMeta:
    return MessageMeta(
        id=f"{stream}#{version}.1",
        type=type(event).__name__,
        schema_version=1,
        stream=stream,
        version=version,
        sequence=version,
        time=AT,
        correlation=_id(stream, version),
    )


def _id(scope: str, number: int) -> str:
    """32 hexadecimal digits without an order, as identifiers have; the same ones in every round and lane."""
    return hashlib.blake2b(f"{scope}/{number}".encode(), digest_size=16).hexdigest()
