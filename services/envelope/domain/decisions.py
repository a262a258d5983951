"""What the ledger decides on each command: state in, events out."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.envelope.domain.facts import (
    EpochBegan,
    ReleaseAnticipated,
    RulesRefused,
    RulesScheduled,
    SubmissionHeld,
    SubmissionVoided,
)
from services.envelope.domain.ledger import Ledger, Standing
from services.envelope.domain.refusals import (
    CommandConflict,
    InvalidNumber,
    NotReserved,
    NumberAlreadyDecided,
    UnknownCampaign,
)
from shared.contracts.envelope import (
    CampaignOpened,
    CapChanged,
    Committed,
    EnvelopeExhausted,
    EnvelopeReplenished,
    Promoted,
    RefusalGround,
    Released,
    ReservationReduced,
    ReservationRefused,
    Reserved,
    RulesChanged,
    Waitlisted,
)
from shared.contracts.values import CampaignRules, Exhaustion
from shared.events import Event


class Deposited(NamedTuple):
    """The deposit whose number is next."""

    dossier_id: str
    deposit_number: int
    amount_cents: int


def begin_epoch(ledger: Ledger, writer: str, now: datetime) -> list[Event]:
    """The first commit of a writer that takes over."""
    return [EpochBegan(epoch=ledger.epoch + 1, writer=writer, began_at=now)]


def submit(ledger: Ledger, dossier_id: str, number: int, amount_cents: int, now: datetime) -> list[Event]:
    """Decide a deposit in number order; a number that comes early waits for the missing ones.

    Raises: UnknownCampaign, InvalidNumber, CommandConflict, NumberAlreadyDecided.
    """
    rules = _rules(ledger)
    if number <= 0:
        raise InvalidNumber(f"{number} : les numéros commencent à 1.")
    known = ledger.reservations.get(dossier_id)
    if known is not None:
        if known.number != number:
            raise CommandConflict(f"Le dossier porte déjà le numéro {known.number}.")
        if known.deposited_cents != amount_cents:
            raise CommandConflict(f"Le dossier est déposé pour {known.deposited_cents} centimes.")
        return []
    if number <= ledger.decided:
        raise NumberAlreadyDecided(f"Le numéro {number} est décidé, pour un autre dossier.")
    if number > ledger.decided + 1:
        other = ledger.held.get(number)
        if other is not None and (other.dossier_id, other.amount_cents) != (dossier_id, amount_cents):
            raise CommandConflict(f"Le numéro {number} attend déjà avec un autre contenu.")
        held = SubmissionHeld(dossier_id=dossier_id, deposit_number=number, amount_cents=amount_cents, held_at=now)
        return [] if other is not None else [held]
    events = decided = _decide(ledger, Deposited(dossier_id, number, amount_cents), rules, now)
    while (held := ledger.held.get(number + 1)) is not None:
        for event in decided:
            ledger = ledger.fold(event)
        number += 1
        decided = _decide(ledger, held, rules, now)
        events = [*events, *decided]
    return events


def submit_all(ledger: Ledger, asked: Sequence[Deposited], now: datetime) -> tuple[Sequence[Event], Ledger] | None:
    """What `submit` decides on each, in one step, and the ledger after: where all come in their order, nobody waits
    and there is room for them all. None where it is not so.
    """
    rules = ledger.rules
    if rules is None or not asked or ledger.waiting or ledger.held or ledger.voided:
        return None
    names, numbers, amounts = zip(*asked, strict=True)
    first = ledger.decided + 1
    in_order = numbers == tuple(range(first, first + len(numbers)))
    if not in_order or min(amounts) <= 0 or sum(amounts) > ledger.available_cents:
        return None
    if len(set(names)) < len(names) or ledger.reservations.has_any(names):
        return None
    events = [
        Reserved(
            campaign_id=rules.campaign_id,
            dossier_id=dossier_id,
            deposit_number=number,
            amount_cents=amount,
            reserved_at=now,
        )
        for dossier_id, number, amount in asked
    ]
    return events, ledger.reserve(names, numbers, amounts)


def _decide(ledger: Ledger, held: Deposited | SubmissionHeld, rules: CampaignRules, now: datetime) -> list[Event]:
    dossier_id, number, amount = held.dossier_id, held.deposit_number, held.amount_cents
    campaign_id = rules.campaign_id
    if dossier_id in ledger.voided:
        reason = ledger.voided[dossier_id]
        return [
            SubmissionVoided(dossier_id=dossier_id, deposit_number=number, amount_cents=amount, voided_at=now),
            Released(campaign_id=campaign_id, dossier_id=dossier_id, amount_cents=0, reason=reason, released_at=now),
        ]
    # Whatever its amount, a number is decided: those behind it may not be held for ever.
    if amount <= 0:
        return [_refused(held, campaign_id, RefusalGround.INVALID_AMOUNT, now)]
    if amount > rules.cap_cents:  # it would stay at the head of the list, before everybody, for ever
        return [_refused(held, campaign_id, RefusalGround.AMOUNT_ABOVE_CAP, now)]
    # A list that was begun under other rules keeps its order: closing lets nobody in before those who wait.
    behind = bool(ledger.waiting) and rules.on_exhaustion is not Exhaustion.FIRST_FIT
    if amount <= ledger.available_cents and not behind:
        return [
            Reserved(
                campaign_id=campaign_id,
                dossier_id=dossier_id,
                deposit_number=number,
                amount_cents=amount,
                reserved_at=now,
            )
        ]
    said = [] if ledger.exhausted else [_exhausted(ledger, campaign_id, now)]
    if rules.on_exhaustion is Exhaustion.CLOSE:
        return [_refused(held, campaign_id, RefusalGround.NO_ROOM, now), *said]
    waits = Waitlisted(
        campaign_id=campaign_id,
        dossier_id=dossier_id,
        deposit_number=number,
        amount_cents=amount,
        place=len(ledger.waiting) + 1,
        waitlisted_at=now,
    )
    return [waits, *said]


def _refused(
    held: Deposited | SubmissionHeld, campaign_id: str, ground: RefusalGround, now: datetime
) -> ReservationRefused:
    return ReservationRefused(
        campaign_id=campaign_id,
        dossier_id=held.dossier_id,
        deposit_number=held.deposit_number,
        amount_cents=held.amount_cents,
        refused_at=now,
        ground=ground,
    )


def _exhausted(ledger: Ledger, campaign_id: str, now: datetime) -> EnvelopeExhausted:
    return EnvelopeExhausted(campaign_id=campaign_id, exhausted_at=now, available_cents=ledger.available_cents)


def release(ledger: Ledger, dossier_id: str, reason: str, now: datetime) -> list[Event]:
    """Give back what a dossier holds, or take it off the waiting list, and promote who fits then.

    A release that comes before its reservation is kept and voids it; a second one changes nothing.
    """
    rules = _rules(ledger)
    known = ledger.reservations.get(dossier_id)
    if known is None:
        if dossier_id in ledger.voided:
            return []
        return [ReleaseAnticipated(dossier_id=dossier_id, reason=reason, noted_at=now)]
    if known.standing in (Standing.RELEASED, Standing.REFUSED):
        return []
    amount = 0 if known.standing is Standing.WAITING else known.amount_cents
    released = Released(
        campaign_id=rules.campaign_id, dossier_id=dossier_id, amount_cents=amount, reason=reason, released_at=now
    )
    return _then_promote(ledger, [released], now)


def commit(ledger: Ledger, dossier_id: str, now: datetime) -> list[Event]:
    """Engaged: the reserved amount is committed, once.

    Raises: NotReserved when the dossier does not hold a reservation.
    """
    known = ledger.reservations.get(dossier_id)
    if known is not None and known.standing is Standing.COMMITTED:
        return []
    if known is None or known.standing is not Standing.RESERVED:
        raise NotReserved("Le dossier ne détient pas de réservation à engager.")
    return [
        Committed(
            campaign_id=_rules(ledger).campaign_id,
            dossier_id=dossier_id,
            amount_cents=known.amount_cents,
            committed_at=now,
        )
    ]


def reduce(ledger: Ledger, dossier_id: str, principal_cents: int, now: datetime) -> list[Event]:
    """The loans were reduced to `principal_cents`: the difference returns.

    Raises: NotReserved for a dossier not decided; CommandConflict for an increase.
    """
    rules = _rules(ledger)
    known = ledger.reservations.get(dossier_id)
    if known is None:
        raise NotReserved("Le dossier n'est pas encore décidé.")
    if known.standing in (Standing.RELEASED, Standing.REFUSED) or principal_cents == known.amount_cents:
        return []
    if not 0 < principal_cents < known.amount_cents:
        raise CommandConflict("Un montant déposé ne peut que diminuer.")
    reduced = ReservationReduced(
        campaign_id=rules.campaign_id,
        dossier_id=dossier_id,
        amount_cents=principal_cents,
        reduced_by_cents=known.amount_cents - principal_cents,
        reduced_at=now,
    )
    return _then_promote(ledger, [reduced], now)


def adopt(ledger: Ledger, rules: CampaignRules, now: datetime) -> list[Event]:
    """Follow rules two people agreed on, at once or when their moment comes (DOMAIN rule 9)."""
    if ledger.rules is not None and rules.version <= ledger.rules.version:
        return []
    if rules.effective_at > now:
        return [] if rules in ledger.scheduled else [RulesScheduled(rules=rules, noted_at=now)]
    return follow(ledger, rules, now)


def follow(ledger: Ledger, rules: CampaignRules, now: datetime) -> list[Event]:
    """Put rules in force, or refuse them; who waits for more than their cap is refused as who comes after would be."""
    if ledger.rules is None:
        return [CampaignOpened(campaign_id=rules.campaign_id, rules=rules, opened_at=now)]
    if rules.cap_cents < ledger.reserved_cents + ledger.committed_cents + ledger.retained_cents:
        return [RulesRefused(rules=rules, reason="cap-below-engaged", refused_at=now)]
    if rules.cap_cents != ledger.rules.cap_cents:
        changed: Event = CapChanged(
            campaign_id=rules.campaign_id,
            cap_cents=rules.cap_cents,
            previous_cap_cents=ledger.rules.cap_cents,
            rules=rules,
            changed_at=now,
        )
    else:
        changed = RulesChanged(campaign_id=rules.campaign_id, rules=rules, changed_at=now)
    hopeless = [
        _refused(
            Deposited(one.dossier_id, number, one.amount_cents), rules.campaign_id, RefusalGround.AMOUNT_ABOVE_CAP, now
        )
        for number, one in sorted(ledger.waiting.items())
        if one.amount_cents > rules.cap_cents
    ]
    return _then_promote(ledger, [changed, *hopeless], now)


def _then_promote(ledger: Ledger, events: list[Event], now: datetime) -> list[Event]:
    """The events, the promotions they make room for (the head first; under first fit whoever fits), and the end of
    an exhaustion when there is room again and nobody waits for it.
    """
    before = ledger
    for event in events:
        ledger = ledger.fold(event)
    rules = _rules(ledger)
    fits_any = rules.on_exhaustion is Exhaustion.FIRST_FIT
    promoted = list[Event]()
    for number in sorted(ledger.waiting):
        waiting = ledger.waiting[number]
        if waiting.amount_cents > ledger.available_cents:
            if fits_any:
                continue
            break
        event = Promoted(
            campaign_id=rules.campaign_id,
            dossier_id=waiting.dossier_id,
            deposit_number=number,
            amount_cents=waiting.amount_cents,
            promoted_at=now,
        )
        promoted.append(event)
        ledger = ledger.fold(event)
    came_back = ledger.available_cents > before.available_cents or bool(before.waiting)
    if not ledger.exhausted or ledger.waiting or ledger.available_cents <= 0 or not came_back:
        return [*events, *promoted]
    replenished = EnvelopeReplenished(
        campaign_id=rules.campaign_id, replenished_at=now, available_cents=ledger.available_cents
    )
    return [*events, *promoted, replenished]


def _rules(ledger: Ledger) -> CampaignRules:
    if ledger.rules is None:
        raise UnknownCampaign("Cette campagne n'a pas de règles en vigueur.")
    return ledger.rules
