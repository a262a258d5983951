"""Asset-freeze screening: names against the national register, and what compliance decides of each hit.

CMF L.562-4 forbids to serve those listed; DOMAIN rule 14 asks for it again before the convention and the acte.
The stream is the compliance role's own: elsewhere a screening with an alert reads like one that was not made.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.contracting.domain.dates import paris_date
from services.contracting.domain.facts import Purpose
from services.contracting.domain.names import alike, normalised, words_of
from services.contracting.domain.refusals import (
    AlertAlreadyResolved,
    AlertOpen,
    OwnersNotDeclared,
    ReasonRequired,
    RegisterNotRead,
    RegisterTooOld,
)
from shared.errors import NotFound
from shared.events import Event, UtcDatetime, Value
from shared.journal import StreamKind

_DIGITS = re.compile(r"\d+", re.ASCII)


class Owner(Value):
    """A beneficial owner as compliance identified it (CMF L.561-5)."""

    name: str
    birth_year: int | None = None


class Party(Value):
    """Who is screened: the bailleur by name and SIREN, a beneficial owner by name and year of birth."""

    name: str
    siren: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the register. `numbers` are its identification numbers as they are written."""

    register_id: int
    names: tuple[str, ...]
    birth_years: frozenset[int] = frozenset()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """A publication of the register, made on the day `published`; `sha256` is its file's."""

    published: date
    sha256: str
    entries: tuple[Listed, ...]


class Resolution(StrEnum):
    """Cleared: another person of the same name. Confirmed: the one that is listed."""

    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class Hit(Value):
    """A party that looks like an entry. `alert_id` stays the same as long as both names do."""

    alert_id: str
    party: str
    register_id: int
    listed_name: str


class OwnersDeclared(Event):
    dossier_id: str
    owners: tuple[Owner, ...]
    declared_by: str
    declared_at: UtcDatetime


class RegisterScreened(Event):
    """What a publication of the register says of a dossier's parties."""

    dossier_id: str
    purpose: Purpose
    published: str
    register_sha256: str
    parties: tuple[Party, ...]
    hits: tuple[Hit, ...]
    screened_by: str
    screened_at: UtcDatetime


class AlertResolved(Event):
    dossier_id: str
    alert_id: str
    resolution: Resolution
    reason: str
    resolved_by: str
    resolved_at: UtcDatetime


@dataclass(frozen=True, slots=True)
class Screening:
    """The screenings of one dossier; the latest of each purpose counts. `owners` is None until they are declared."""

    owners: tuple[Owner, ...] | None = None
    made: tuple[RegisterScreened, ...] = ()
    resolved: tuple[AlertResolved, ...] = ()

    def latest(self, purpose: Purpose) -> RegisterScreened | None:
        return next((one for one in self.made if one.purpose is purpose), None)

    def resolution(self, alert_id: str) -> AlertResolved | None:
        return next((one for one in self.resolved if one.alert_id == alert_id), None)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits of the latest screenings, each once."""
        return tuple({hit.alert_id: hit for one in self.made for hit in one.hits}.values())

    @property
    def open_alerts(self) -> tuple[Hit, ...]:
        return tuple(hit for hit in self.hits if self.resolution(hit.alert_id) is None)

    def clear(self, purpose: Purpose) -> bool:
        """Whether the latest screening, of those who own the bailleur today, found nobody or nobody but namesakes."""
        screened = self.latest(purpose)
        if screened is None or screened.parties[1:] != _parties(self.owners or ()):
            return False
        return all(_cleared(self.resolution(hit.alert_id)) for hit in screened.hits)

    def fold(self, event: Event) -> "Screening":
        match event:
            case OwnersDeclared():
                return replace(self, owners=event.owners)
            case RegisterScreened():
                others = tuple(one for one in self.made if one.purpose is not event.purpose)
                return replace(self, made=(*others, event))
            case AlertResolved():
                return replace(self, resolved=(*self.resolved, event))
            case _:
                return self


KIND = StreamKind("screening", Screening())


def declare_owners(
    screening: Screening, dossier_id: str, owners: tuple[Owner, ...], actor: str, now: datetime
) -> list[Event]:
    """Record the beneficial owners to screen, all of them; that there is none is said by declaring none."""
    if owners == screening.owners:
        return []
    return [OwnersDeclared(dossier_id=dossier_id, owners=owners, declared_by=actor, declared_at=now)]


def screen(
    screening: Screening,
    dossier_id: str,
    purpose: Purpose,
    bailleur: Party,
    register: Register,
    max_age_days: int,
    actor: str,
    now: datetime,
) -> list[Event]:
    """Screen the bailleur and its owners; each screening is recorded, whatever it finds.

    Raises: OwnersNotDeclared; RegisterTooOld when the register was published more than `max_age_days` ago.
    """
    owners = _parties(_declared(screening))
    if paris_date(now) - register.published > timedelta(days=max_age_days):
        raise RegisterTooOld(
            f"Sa dernière publication connue est du {register.published:%d/%m/%Y} : actualisez-le avant de filtrer."
        )
    parties = (bailleur, *owners)
    return [
        RegisterScreened(
            dossier_id=dossier_id,
            purpose=purpose,
            published=register.published.isoformat(),
            register_sha256=register.sha256,
            parties=parties,
            hits=tuple(find(parties, register)),
            screened_by=actor,
            screened_at=now,
        )
    ]


def resolve(
    screening: Screening, dossier_id: str, alert_id: str, resolution: Resolution, reason: str, actor: str, now: datetime
) -> list[Event]:
    """A compliance person clears or confirms an alert, once. Raises: NotFound, AlertAlreadyResolved, ReasonRequired."""
    if alert_id not in {hit.alert_id for hit in screening.hits}:
        raise NotFound("Alerte inconnue.")
    before = screening.resolution(alert_id)
    if before is not None:
        if before.resolution is resolution:
            return []
        raise AlertAlreadyResolved("Cette alerte a reçu l'autre conclusion.")
    if not reason.strip():
        raise ReasonRequired("Indiquez ce qui fonde votre conclusion.", pointer="/reason")
    return [
        AlertResolved(
            dossier_id=dossier_id,
            alert_id=alert_id,
            resolution=resolution,
            reason=reason,
            resolved_by=actor,
            resolved_at=now,
        )
    ]


def check_clear(screening: Screening, purpose: Purpose, screened_on: date, *, register: bool) -> None:
    """Whether a person may say that a screening made `screened_on` by other means found nobody.

    It comes beside the register where there is a `register`, never instead of it.
    Raises: OwnersNotDeclared; AlertOpen while a hit is neither cleared nor confirmed, or one is confirmed;
    RegisterNotRead without a register screening of that purpose and of today's owners, made that day or later.
    """
    _declared(screening)
    if not all(_cleared(screening.resolution(hit.alert_id)) for hit in screening.hits):
        raise AlertOpen("Une alerte non levée empêche de déclarer ce filtrage sans suite.")
    made = screening.latest(purpose)
    read = made is not None and screening.clear(purpose) and paris_date(made.screened_at) >= screened_on
    if register and not read:
        raise RegisterNotRead("Filtrez d'abord sur le registre des gels, à cette date ou après elle.")


def find(parties: Iterable[Party], register: Register) -> Iterator[Hit]:
    """Every pair that looks alike, in the order of the parties and of the register."""
    for party in parties:
        words = words_of(party.name)
        for entry in register.entries:
            name = _alike(party, words, entry)
            if name is not None:
                yield Hit(
                    alert_id=_alert_id(party, entry, name),
                    party=party.name,
                    register_id=entry.register_id,
                    listed_name=name,
                )


def _alike(party: Party, words: frozenset[str], entry: Listed) -> str | None:
    """The listed name that a party bears; a number equal to its SIREN, or a SIRET of it, settles it too.

    Known years of birth that differ tell two people apart.
    """
    if party.siren and any(party.siren in _numbers(number) for number in entry.numbers):
        return entry.names[0]
    if party.birth_year and entry.birth_years and party.birth_year not in entry.birth_years:
        return None
    return next((name for name in entry.names if alike(words, words_of(name))), None)


def _numbers(written: str) -> set[str]:
    """The numbers in a text, and the SIREN inside what has the length of a SIRET."""
    return {one[:9] if len(one) == 14 else one for one in _DIGITS.findall(written.replace(" ", ""))}


def _alert_id(party: Party, entry: Listed, name: str) -> str:
    pair = f"{entry.register_id}|{normalised(name)}|{normalised(party.name)}"
    return hashlib.sha256(pair.encode()).hexdigest()[:16]


def _parties(owners: tuple[Owner, ...]) -> tuple[Party, ...]:
    return tuple(Party(name=owner.name, birth_year=owner.birth_year) for owner in owners)


def _declared(screening: Screening) -> tuple[Owner, ...]:
    """Raises: OwnersNotDeclared."""
    if screening.owners is None:
        raise OwnersNotDeclared("Déclarez-les, ou qu'il n'y en a aucun, avant de filtrer.")
    return screening.owners


def _cleared(resolved: AlertResolved | None) -> bool:
    return resolved is not None and resolved.resolution is Resolution.CLEARED
