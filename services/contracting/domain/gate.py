"""The two gates: what the convention and the acte still wait for, from whom and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import EngagementScreened
from shared.calendar import end_of_day
from shared.contracts.contracting import BoardConfirmed

ACTE_SCREENING = "acte-screening"
SECOND_PERSON = "second-person"
SCREENING_MAX_AGE_DAYS = 7
"""How old an asset-freeze screening may be on the day the convention is sent, or the acte leaves."""


class Who(StrEnum):
    CREDIT_COMMITTEE = "credit_committee"
    PRICING = "pricing"
    BAILLEUR = "bailleur"
    BOARD = "board"
    ENVELOPE = "envelope"
    COMPLIANCE = "compliance"
    LEGAL_OFFICER = "legal_officer"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is awaited; `since` is None while its turn has not come."""

    code: str
    label: str
    who: Who
    since: datetime | None


def convention_gate(engagement: Engagement, now: datetime) -> list[Missing]:
    """What is missing before the convention is sent (cahier des charges 2.A.7; DOMAIN rules 5, 14).

    An asset-freeze screening made before the engagement does not count, nor does an old one.
    """
    opinion, issued, engaged = engagement.favourable, engagement.issued, engagement.engaged
    examined = opinion.given_at if opinion else None
    missing: list[Missing] = []
    if examined is None:
        deposited = engagement.submitted.submitted_at if engagement.submitted else None
        missing.append(
            Missing(
                "committee-opinion",
                "L'avis favorable de la Commission de crédit nationale",
                Who.CREDIT_COMMITTEE,
                deposited,
            )
        )
    if engagement.accepted is None and issued is None:
        missing.append(Missing("offer-issued", "L'émission de l'offre", Who.PRICING, examined))
    if engagement.accepted is None:
        since = issued.issued_at if issued else None
        missing.append(Missing("offer-acceptance", "L'acceptation de l'offre", Who.BAILLEUR, since))
    if engagement.board_outdated and engagement.accepted is not None:
        label = "Une nouvelle confirmation : l'offre acceptée n'est pas celle que le conseil a confirmée"
        missing.append(Missing("board-confirmation", label, Who.BOARD, engagement.accepted.accepted_at))
    elif not isinstance(engagement.decision, BoardConfirmed):
        missing.append(
            Missing("board-confirmation", "La confirmation du conseil d'administration", Who.BOARD, examined)
        )
    begun = engaged.engaged_at if engaged else None
    if engagement.committed is None:
        missing.append(Missing("envelope-commitment", "L'engagement de l'enveloppe", Who.ENVELOPE, begun))
    missing += _screening("convention-screening", "la convention", engagement.convention_screening, begun, now)
    return missing


def acte_gate(engagement: Engagement, now: datetime, actor: str | None = None) -> list[Missing]:
    """What is missing before the acte is transmitted (cahier des charges 2.A.8; DOMAIN rules 14, 15).

    To `actor`, who would have it prepared, a second person is missing once they checked the signed convention.

    The asset-freeze screening is made anew once the convention is sent, a renewed one included. One with an alert
    reads like one that was not made: only compliance sees which.
    """
    convention = engagement.convention
    sent_at = convention.sent_at if convention else None
    missing = [] if convention else convention_gate(engagement, now)
    if convention is None:
        since = engagement.committed.committed_at if engagement.committed and not missing else None
        missing.append(Missing("convention-sent", "L'envoi de la convention", Who.LEGAL_OFFICER, since))
    elif engagement.convention_outdated:
        missing.append(
            Missing(
                "convention-outdated",
                "L'envoi de la convention aux montants réduits",
                Who.LEGAL_OFFICER,
                engagement.reduced_at,
            )
        )
    if engagement.signed is None:
        missing.append(_signature(engagement, sent_at))
    if engagement.paid is None:
        missing.append(Missing("premium-paid", "Le règlement de toute la prime", Who.BAILLEUR, sent_at))
    used_at = engagement.transmitted.transmitted_at if engagement.transmitted else now
    missing += _screening(ACTE_SCREENING, "l'acte", engagement.acte_screening, sent_at, used_at)
    missing += _second_person(engagement, actor)
    return missing


def labels(missing: list[Missing]) -> str:
    """The missing things in one French sentence part."""
    return " ; ".join(one.label[0].lower() + one.label[1:] for one in missing)


def _signature(engagement: Engagement, sent_at: datetime | None) -> Missing:
    waiting = engagement.to_check
    if waiting is not None:
        label = "Le contrôle de la convention retournée"
        return Missing("convention-check", label, Who.LEGAL_OFFICER, waiting.lodged_at)
    return Missing("convention-signed", "Le retour de la convention signée", Who.BAILLEUR, sent_at)


def _screening(
    code: str, before: str, made: EngagementScreened | None, since: datetime | None, used_at: datetime
) -> list[Missing]:
    """Nothing where one without an alert was made on the day of `since` or after it, not too long before its use."""
    if made is None or not made.clear or (since is not None and made.screened_on < paris_date(since)):
        return [Missing(code, f"Le filtrage gel des avoirs avant {before}", Who.COMPLIANCE, since)]
    counts_until = end_of_day(made.screened_on + timedelta(days=SCREENING_MAX_AGE_DAYS))
    if used_at <= counts_until:
        return []
    old = f"le dernier date de plus de {SCREENING_MAX_AGE_DAYS}\u00a0jours"
    label = f"Un nouveau filtrage gel des avoirs avant {before}\u00a0: {old}"
    return [Missing(code, label, Who.COMPLIANCE, counts_until)]


def _second_person(engagement: Engagement, actor: str | None) -> list[Missing]:
    checked = engagement.checked
    if engagement.signed is None or engagement.prepared or checked is None or checked.checked_by != actor:
        return []
    label = "Une seconde personne pour établir l'acte\u00a0: vous avez contrôlé la convention signée"
    return [Missing(SECOND_PERSON, label, Who.LEGAL_OFFICER, checked.checked_at)]
