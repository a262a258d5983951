"""From the engagement to the signed convention, and the lapse when nothing comes back."""

from datetime import date, datetime, timedelta

from services.contracting.domain.dates import paris_date
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import (
    EngagementScreened,
    PapersPrinted,
    Purpose,
    SignedConventionChecked,
    Verdict,
)
from services.contracting.domain.gate import convention_gate, labels
from services.contracting.domain.reference import payment_reference
from services.contracting.domain.refusals import (
    ActeAlreadyPrepared,
    ActeAlreadyTransmitted,
    AlreadyChecked,
    ConventionGateClosed,
    DateInFuture,
    DossierChanged,
    LapseTooEarly,
    ReasonRequired,
    ScreeningTooEarly,
    SignedConventionUnknown,
)
from services.contracting.domain.return_refusals import ReturnNotExamined
from services.contracting.domain.returned import (
    Findings,
    Outcome,
    SignedReturnExamined,
    faults_of,
    outcome_of,
    reason_of,
    refusal_of,
)
from services.contracting.domain.states import EngagementState
from shared.calendar import end_of_day
from shared.contracts.contracting import (
    ConventionSent,
    ConventionSigned,
    EngagementLapsed,
    SignedConventionRefused,
)
from shared.contracts.values import CampaignRules, Loan, StoredDocument
from shared.events import Event, UtcDatetime, Value


class Terms(Value):
    """What the convention and the premium call print beside the dossier itself."""

    premium_cents: int
    payment_reference: str
    sent_at: UtcDatetime
    return_by: UtcDatetime
    premium_due_on: date


def screen(engagement: Engagement, screened: EngagementScreened) -> list[Event]:
    """Record an asset-freeze screening; the acte's is made anew once the convention is sent (DOMAIN rule 14).

    Raises: EngagementEnded, DateInFuture, ScreeningTooEarly.
    """
    engagement.refuse_when_ended()
    if screened.screened_on > paris_date(screened.recorded_at):
        raise DateInFuture("La date du filtrage est à venir.", pointer="/screened_on")
    if screened.purpose is Purpose.ACTE and engagement.convention is None:
        raise ScreeningTooEarly("Le filtrage avant l'acte se fait une fois la convention envoyée.")
    before = engagement.convention_screening if screened.purpose is Purpose.CONVENTION else engagement.acte_screening
    same = before is not None and (before.screened_on, before.clear) == (screened.screened_on, screened.clear)
    return [] if same else [screened]


def check_sendable(engagement: Engagement, now: datetime) -> None:
    """Raises: EngagementEnded, ActeAlreadyPrepared, ConventionGateClosed."""
    engagement.refuse_when_ended()
    if engagement.prepared is not None:
        raise ActeAlreadyPrepared("L'acte est établi : la convention n'est plus renouvelée.")
    missing = convention_gate(engagement, now)
    if missing:
        raise ConventionGateClosed(f"Il manque : {labels(missing)}.", missing=[one.code for one in missing])


def already_sent(engagement: Engagement) -> bool:
    """A convention that says what is guaranteed is on its way: there is none to send."""
    return engagement.convention is not None and not engagement.convention_outdated and engagement.end is None


def terms(engagement: Engagement, rules: CampaignRules, now: datetime) -> Terms:
    """The terms of a convention sent now. A renewed convention keeps its premium, reference and due date.

    Raises: as check_sendable.
    """
    check_sendable(engagement, now)
    assert engagement.submitted is not None
    assert engagement.engaged is not None
    today, sent = paris_date(now), engagement.convention
    reference = payment_reference(engagement.submitted.deposit_number, engagement.submitted.dossier_id)
    due_on = sent.premium_due_on if sent else today + timedelta(days=rules.premium_due_days)
    return Terms(
        premium_cents=engagement.engaged.premium_cents,
        payment_reference=reference,
        sent_at=now,
        return_by=end_of_day(today + timedelta(days=rules.convention_return_days)),
        premium_due_on=due_on,
    )


def send(
    engagement: Engagement,
    agreed: Terms,
    printed: tuple[Loan, ...],
    papers: PapersPrinted,
    convention: StoredDocument,
    premium_call: StoredDocument,
) -> list[Event]:
    """Send the printed convention and call the premium; sent once, and again only for reduced loans.

    Raises: as check_sendable; DossierChanged when `printed`, the loans on the paper, are no longer the dossier's.
    """
    if already_sent(engagement):
        return []
    check_sendable(engagement, agreed.sent_at)
    if printed != engagement.loans:
        raise DossierChanged("Le dossier a changé pendant l'édition de la convention : recommencez.")
    assert engagement.engaged is not None
    sent = ConventionSent(
        dossier_id=engagement.engaged.dossier_id,
        convention=convention,
        premium_call=premium_call,
        **agreed.model_dump(),
    )
    return [papers, sent]


def examine(engagement: Engagement, document_id: str, findings: Findings, now: datetime) -> list[Event]:
    """Record what was found in a return, once, and refuse the one that no person could accept."""
    waiting = engagement.to_examine
    if waiting is None or waiting.document.document_id != document_id:
        return []
    assert engagement.submitted is not None
    bailleur = engagement.submitted.bailleur
    faults, signatory = faults_of(findings, bailleur), bailleur.signatory.name if bailleur.signatory else None
    examined = SignedReturnExamined(
        dossier_id=waiting.dossier_id,
        document_id=document_id,
        outcome=outcome_of(findings, faults, signatory),
        faults=faults,
        findings=findings,
        received_at=waiting.lodged_at,
        examined_at=now,
        signatory=signatory,
    )
    if examined.outcome is not Outcome.REFUSED:
        return [examined]
    refused = SignedConventionRefused(
        dossier_id=waiting.dossier_id, document_id=document_id, reason=reason_of(examined), refused_at=now
    )
    return [examined, refused]


def check_signed(
    engagement: Engagement, document_id: str, verdict: Verdict, reason: str, actor: str, now: datetime
) -> list[Event]:
    """What a person decided on the returned convention, the last one lodged, its signatures examined.

    `reason` tells the bailleur what to correct, or, for a return no program could vouch for, what was compared.
    Raises: EngagementEnded, AlreadyChecked, SignedConventionUnknown, ReturnNotExamined, ReasonRequired;
    the ReturnRefused of its report, which no person overrules.
    """
    before, report = engagement.checked, engagement.report
    if before is not None and before.document_id == document_id:
        if before.verdict is verdict:
            return []
        raise AlreadyChecked("Ce retour a déjà été contrôlé, avec l'autre conclusion.")
    engagement.refuse_when_ended()
    if report is not None and report.document_id == document_id and report.outcome is Outcome.REFUSED:
        raise refusal_of(report)
    waiting = engagement.to_check
    if waiting is None or waiting.document.document_id != document_id:
        raise SignedConventionUnknown("Ce document n'est pas le dernier retour à contrôler.", pointer="/document_id")
    if report is None:
        raise ReturnNotExamined("Le rapport sur ses signatures est en préparation.")
    if verdict is Verdict.REFUSE and not reason.strip():
        raise ReasonRequired("Indiquez au bailleur ce qu'il doit corriger.", pointer="/reason")
    if report.outcome is Outcome.FOR_A_PERSON and not reason.strip():
        said = "Consignez ce que vous avez contrôlé sur le document et sur son signataire."
        raise ReasonRequired(said, pointer="/reason")
    dossier_id = waiting.dossier_id
    checked = SignedConventionChecked(
        dossier_id=dossier_id,
        document_id=document_id,
        verdict=verdict,
        checked_by=actor,
        checked_at=now,
        note=reason,
    )
    if verdict is Verdict.REFUSE:
        refused = SignedConventionRefused(dossier_id=dossier_id, document_id=document_id, reason=reason, refused_at=now)
        return [checked, refused]
    return [checked, ConventionSigned(dossier_id=dossier_id, document_id=document_id, checked_at=now)]


def overdue(awaited_until: datetime | None, now: datetime) -> bool:
    return awaited_until is not None and now > awaited_until


def lapse(engagement: Engagement, reason: str, now: datetime) -> list[Event]:
    """A person ends an engagement whose convention or premium is late (DOMAIN, Campaign rules).

    Never once the acte is transmitted, even when a part of the premium went back since: the guarantee is effective.
    Raises: EngagementEnded, ActeAlreadyTransmitted, LapseTooEarly, ReasonRequired.
    """
    if engagement.end is EngagementState.LAPSED:
        return []
    engagement.refuse_when_ended()
    if engagement.transmitted is not None:
        raise ActeAlreadyTransmitted("La garantie est effective : l'engagement ne peut plus être déclaré caduc.")
    sent = engagement.convention
    if sent is None:
        raise LapseTooEarly("La convention n'est pas encore envoyée : aucune échéance ne court.")
    if not overdue(engagement.return_awaited_until, now) and not overdue(engagement.premium_awaited_until, now):
        raise LapseTooEarly(
            "Ni le retour de la convention ni le règlement de la prime ne sont en retard.",
            return_by=sent.return_by.isoformat(),
            premium_due_on=sent.premium_due_on.isoformat(),
        )
    if not reason.strip():
        raise ReasonRequired("Indiquez le motif de la caducité.", pointer="/reason")
    return [EngagementLapsed(dossier_id=sent.dossier_id, reason=reason, lapsed_at=now)]
