"""One ready fact of every public event, all about one dossier of one campaign."""

from datetime import date
from typing import Any

from shared.contracts import contracting, envelope, instruction, intake, pricing
from shared.contracts.values import CampaignRules
from shared.events import Event, public_events
from tests.counter import START
from tests.facts import CAMPAIGN, DOSSIER, document, loan, opinion, profile, submitted

AT = START.replace(month=6)
DAY = date(2024, 6, 15)
OFFER = f"{DOSSIER}-1"
PREMIUM_CENTS = 10_048_815
PRINCIPAL_CENTS = submitted().principal_cents


def rules(**changes: Any) -> CampaignRules:
    given: dict[str, Any] = {
        "campaign_id": CAMPAIGN,
        "version": 1,
        "label": "Essai",
        "cap_cents": 60_000_000_000,
        "opens_at": START,
        "effective_at": START,
    }
    return CampaignRules(**given | changes)


RULES = rules()
_REDUCED = (loan(principal_cents=300_000_000),)

_OF_A_CAMPAIGN = {
    envelope.CampaignOpened: {"rules": RULES, "opened_at": START},
    envelope.RulesChanged: {"rules": RULES, "changed_at": AT},
    envelope.CapChanged: {
        "rules": RULES,
        "cap_cents": RULES.cap_cents,
        "previous_cap_cents": RULES.cap_cents - 1,
        "changed_at": AT,
    },
    envelope.CampaignSuspended: {"suspended_at": AT},
    envelope.CampaignResumed: {"resumed_at": AT},
    envelope.CampaignClosed: {"closed_at": AT},
    envelope.EnvelopeExhausted: {"exhausted_at": AT, "available_cents": 0},
    envelope.EnvelopeReplenished: {"replenished_at": AT, "available_cents": 1},
    envelope.SuspensionDecided: {"decided_at": AT},
    envelope.ResumptionDecided: {"decided_at": AT},
    envelope.ClosureDecided: {"decided_at": AT},
}
_OF_AN_OFFER = {
    intake.OfferAcceptanceLodged: {"lodged_at": AT},
    intake.OfferDeclineLodged: {"lodged_at": AT},
    pricing.OfferSuperseded: {"superseded_at": AT},
    pricing.OfferAccepted: {"accepted_at": AT, "premium_cents": PREMIUM_CENTS},
    pricing.OfferDeclined: {"declined_at": AT},
    pricing.OfferReminderSent: {"valid_until": AT, "sent_at": AT},
    pricing.OfferExpired: {"expired_at": AT, "valid_until": AT},
    pricing.OfferExpiryContested: {"lodged_at": AT, "valid_until": AT, "found_at": AT},
    pricing.OfferAnswerRefused: {"reason": pricing.AnswerRefusal.TOO_LATE, "valid_until": AT, "refused_at": AT},
    pricing.OfferIssued: {
        "lines": (),
        "premium_cents": PREMIUM_CENTS,
        "minimum_applied": False,
        "grid_version": "demonstration-1",
        "issued_at": AT,
        "valid_until": AT,
        "document": document("offer", "offer"),
    },
    contracting.Engaged: {"premium_cents": PREMIUM_CENTS, "engaged_at": AT},
}
_BOARD = {"session_id": DAY.isoformat(), "session_date": DAY}
_OF_A_DOSSIER = {
    intake.SupplementLodged: {"request_id": f"{DOSSIER}-s1", "lodged_at": AT, "documents": ()},
    intake.SignedConventionLodged: {"lodged_at": AT, "document": document("signed", "signed_convention")},
    instruction.ReviewStarted: {"started_at": AT},
    instruction.SupplementRequested: {
        "request_id": f"{DOSSIER}-s1",
        "message": "Préciser",
        "requested_at": AT,
        "due_at": AT,
    },
    instruction.DossierDeemedComplete: {"stated_at": AT},
    instruction.DossierFoundIneligible: {"reasons": ("Autre garantie", "Zone C"), "rule_set": "1", "found_at": AT},
    instruction.SentToCommittee: {"sent_at": AT},
    pricing.PricingNeedsPerson: {"noted_at": AT},
    contracting.BoardConfirmed: _BOARD | {"confirmed_at": AT},
    contracting.BoardRefused: _BOARD | {"refused_at": AT, "reason": "Risque"},
    contracting.ConventionSent: {
        "convention": document("convention", "convention"),
        "premium_call": document("call", "premium_call"),
        "premium_cents": PREMIUM_CENTS,
        "payment_reference": "RF18",
        "sent_at": AT,
        "return_by": AT,
        "premium_due_on": DAY,
    },
    contracting.SignedConventionRefused: {"document_id": "signed", "reason": "Page absente", "refused_at": AT},
    contracting.ConventionSigned: {"document_id": "signed", "checked_at": AT},
    contracting.PremiumPaymentRecorded: {
        "payment_id": "p1",
        "amount_cents": PREMIUM_CENTS,
        "received_on": DAY,
        "outstanding_cents": 0,
        "overpaid_cents": 0,
    },
    contracting.PremiumPaid: {"premium_cents": PREMIUM_CENTS, "paid_at": AT},
    contracting.PremiumPaymentReversed: {
        "payment_id": "p1",
        "amount_cents": PREMIUM_CENTS,
        "reversed_on": DAY,
        "outstanding_cents": PREMIUM_CENTS,
        "overpaid_cents": 0,
        "reversed_at": AT,
        "return_id": "return-1",
    },
    contracting.ActeTransmitted: {"acte": document("acte", "acte"), "transmitted_at": AT},
    contracting.EngagementLapsed: {"reason": "Prime impayée", "lapsed_at": AT},
}
_NUMBERED = {"deposit_number": 1, "amount_cents": PRINCIPAL_CENTS}
_OF_BOTH = {
    intake.DossierWithdrawn: {"withdrawn_at": AT, "reason": "Abandon"},
    intake.LoansReduced: {"reduced_at": AT, "loans": _REDUCED, "principal_cents": 300_000_000},
    envelope.Reserved: _NUMBERED | {"reserved_at": AT},
    envelope.Waitlisted: _NUMBERED | {"place": 1, "waitlisted_at": AT},
    envelope.ReservationRefused: _NUMBERED | {"refused_at": AT},
    envelope.Promoted: _NUMBERED | {"promoted_at": AT},
    envelope.ReservationReduced: {"amount_cents": 1, "reduced_by_cents": 1, "reduced_at": AT},
    envelope.Committed: {"amount_cents": PRINCIPAL_CENTS, "committed_at": AT},
    envelope.Released: {"amount_cents": PRINCIPAL_CENTS, "reason": "OfferExpired", "released_at": AT},
}


def announced() -> dict[type[Event], Event]:
    """By class."""
    campaign, dossier = {"campaign_id": CAMPAIGN}, {"dossier_id": DOSSIER}
    made = [
        submitted(),
        opinion(),
        profile(),
        envelope.RulesAdopted(rules=RULES, adopted_at=START),
        intake.BailleurRegistered(bailleur=submitted().bailleur, registered_at=START),
        intake.QuestionAsked(question_id="q1", siren="732829320", subject="Zonage", dossier_id=None, asked_at=START),
        *(cls(**campaign, **given) for cls, given in _OF_A_CAMPAIGN.items()),
        *(cls(**dossier, offer_id=OFFER, **given) for cls, given in _OF_AN_OFFER.items()),
        *(cls(**dossier, **given) for cls, given in _OF_A_DOSSIER.items()),
        *(cls(**campaign, **dossier, **given) for cls, given in _OF_BOTH.items()),
    ]
    by_class = {type(event): event for event in made}
    assert set(by_class) == set(public_events()), "a new public event has its fact here"
    return by_class
