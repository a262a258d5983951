"""What a bailleur may lodge, when, and the word it gets otherwise."""

from datetime import datetime, timedelta

import pytest

from services.intake.domain import answers as domain
from services.intake.domain.answers import (
    DossierEnded,
    NoConventionAwaited,
    NoOffer,
    NoSupplementAwaited,
    NotReducible,
    NotWithdrawable,
    OfferAlreadyAnswered,
    OfferDocumentDiffers,
    OfferOutdated,
    OfferSupersededNow,
    OfferTooLate,
)
from services.intake.domain.dossier import Dossier
from shared.contracts.contracting import ActeTransmitted, ConventionSigned, Engaged, PremiumPaid
from shared.contracts.intake import (
    DossierWithdrawn,
    LoansReduced,
    OfferAcceptanceLodged,
    OfferDeclineLodged,
    SignedConventionLodged,
    SupplementLodged,
)
from shared.contracts.pricing import AnswerRefusal, OfferAccepted, OfferAnswerRefused, OfferDeclined, OfferExpired
from tests.announced import announced
from tests.facts import CAMPAIGN, DOSSIER, document, submitted
from tests.unit.intake.samples import (
    LAST_MOMENT,
    NOW,
    OFFER,
    SECOND,
    SHA256,
    acceptance,
    convention_lodged,
    convention_refused,
    convention_sent,
    decline,
    issued,
    requested,
    seen,
)


def withdrawn() -> DossierWithdrawn:
    return DossierWithdrawn(campaign_id=CAMPAIGN, dossier_id=DOSSIER, withdrawn_at=NOW)


def accepted() -> OfferAccepted:
    return OfferAccepted(dossier_id=DOSSIER, offer_id=OFFER, accepted_at=NOW, premium_cents=1)


def declined() -> OfferDeclined:
    return OfferDeclined(dossier_id=DOSSIER, offer_id=OFFER, declined_at=NOW)


def expired() -> OfferExpired:
    return OfferExpired(dossier_id=DOSSIER, offer_id=OFFER, expired_at=LAST_MOMENT, valid_until=LAST_MOMENT)


def engaged() -> Engaged:
    return Engaged(dossier_id=DOSSIER, offer_id=OFFER, premium_cents=1, engaged_at=NOW)


def signed() -> ConventionSigned:
    return ConventionSigned(dossier_id=DOSSIER, document_id="signed", checked_at=NOW)


def accept(dossier: Dossier, offer_id: str = OFFER, sha256: str = SHA256, at: datetime = NOW):
    return domain.accept_offer(dossier, offer_id, sha256, at)


# -- withdrawing and reducing ------------------------------------------------------------------------------------

COMMITTED = [
    (engaged(),),
    (engaged(), convention_sent()),
    (engaged(), convention_sent(), signed()),
    (engaged(), convention_sent(), PremiumPaid(dossier_id=DOSSIER, premium_cents=1, paid_at=NOW)),
    (engaged(), ActeTransmitted(dossier_id=DOSSIER, acte=document("acte", "acte"), transmitted_at=NOW)),
]


@pytest.mark.parametrize("heard", [(submitted(),), (submitted(), issued()), (submitted(), issued(), accepted())])
def test_a_dossier_is_withdrawn_until_it_is_engaged(heard):
    domain.check_withdrawable(seen(*heard))


@pytest.mark.parametrize("heard", COMMITTED)
def test_what_is_engaged_is_neither_withdrawn_nor_reduced(heard):
    with pytest.raises(NotWithdrawable):
        domain.check_withdrawable(seen(submitted(), *heard))
    with pytest.raises(NotReducible):
        domain.check_reducible(seen(submitted(), *heard))


@pytest.mark.parametrize("heard", [(submitted(),), (submitted(), issued())])
def test_loans_are_reduced_until_the_offer_is_accepted(heard):
    domain.check_reducible(seen(*heard))


def test_an_acceptance_that_is_lodged_fixes_the_amounts_before_it_is_read_and_frees_them_when_it_is_refused():
    lodged = seen(submitted(), issued(), acceptance())
    with pytest.raises(NotReducible):
        domain.check_reducible(lodged)
    refused = OfferAnswerRefused(
        dossier_id=DOSSIER, offer_id=OFFER, reason=AnswerRefusal.TOO_LATE, valid_until=NOW, refused_at=NOW
    )
    domain.check_reducible(lodged.fold(refused))
    declined = OfferDeclineLodged(dossier_id=DOSSIER, offer_id=OFFER, lodged_at=NOW, reason="Non")
    domain.check_reducible(seen(submitted(), issued(), declined))


def test_an_accepted_offer_fixes_the_amounts():
    with pytest.raises(NotReducible):
        domain.check_reducible(seen(submitted(), issued(), accepted()))


@pytest.mark.parametrize("check", [domain.check_withdrawable, domain.check_reducible])
def test_an_ended_dossier_says_how_it_ended(check):
    with pytest.raises(DossierEnded) as refused:
        check(seen(submitted(), withdrawn()))
    assert refused.value.detail == "Retiré par le bailleur."


# -- supplements -------------------------------------------------------------------------------------------------


def supplement(dossier: Dossier, request_id: str):
    return domain.lodge_supplement(dossier, request_id, (document("plan", "supplement"),), "Voici", NOW)


def test_a_supplement_answers_the_request_that_is_open():
    dossier = seen(submitted(), requested())
    (lodged,) = supplement(dossier, f"{DOSSIER}-s1")
    assert isinstance(lodged, SupplementLodged)
    assert (lodged.dossier_id, lodged.message, lodged.lodged_at) == (DOSSIER, "Voici", NOW)
    assert [one.document_id for one in lodged.documents] == ["plan"]
    with pytest.raises(NoSupplementAwaited):
        supplement(dossier.fold(lodged), f"{DOSSIER}-s1")


@pytest.mark.parametrize("heard", [(), (requested(),)])
def test_a_supplement_nobody_asked_for_is_refused(heard):
    with pytest.raises(NoSupplementAwaited):
        supplement(seen(submitted(), *heard), "another")


def test_an_ended_dossier_takes_no_supplement():
    with pytest.raises(DossierEnded):
        supplement(seen(submitted(), requested(), withdrawn()), f"{DOSSIER}-s1")


# -- the offer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [NOW, LAST_MOMENT])
def test_an_offer_is_accepted_until_its_last_moment_included(at):
    (lodged,) = accept(seen(submitted(), issued()), at=at)
    assert isinstance(lodged, OfferAcceptanceLodged)
    assert (lodged.dossier_id, lodged.offer_id, lodged.lodged_at) == (DOSSIER, OFFER, at)
    assert lodged.document_sha256 == issued().document.sha256


def test_an_offer_is_declined_with_a_reason():
    (lodged,) = domain.decline_offer(seen(submitted(), issued()), OFFER, "Trop chère", NOW)
    assert isinstance(lodged, OfferDeclineLodged)
    assert (lodged.offer_id, lodged.reason) == (OFFER, "Trop chère")


def test_the_acceptance_is_of_the_document_that_was_read():
    with pytest.raises(OfferDocumentDiffers) as refused:
        accept(seen(submitted(), issued()), sha256="f" * 64)
    assert refused.value.pointer == "/document_sha256"


@pytest.mark.parametrize("heard", [(issued(),), (issued(), expired())])
def test_one_second_later_it_is_too_late_and_the_deadline_is_said(heard):
    with pytest.raises(OfferTooLate) as refused:
        accept(seen(submitted(), *heard), at=LAST_MOMENT + SECOND)
    assert "30\u00a0mai\u00a02024 à 23\u00a0h\u00a059" in refused.value.detail
    assert refused.value.facts == {"valid_until": LAST_MOMENT.isoformat()}


@pytest.mark.parametrize(
    ("heard", "refusal"),
    [
        ((), NoOffer),
        ((withdrawn(),), DossierEnded),
        ((issued(), withdrawn()), DossierEnded),
        ((issued("d0551e4-2"),), OfferSupersededNow),
        ((issued(), acceptance(), accepted()), OfferAlreadyAnswered),
        ((issued(), decline(), declined()), OfferAlreadyAnswered),
    ],
)
def test_what_cannot_be_answered_says_why(heard, refusal):
    dossier = seen(submitted(), *heard)
    with pytest.raises(refusal):
        accept(dossier)
    with pytest.raises(refusal):
        domain.decline_offer(dossier, OFFER, "", NOW)


def test_an_offer_on_loans_that_were_reduced_since_is_declined_but_not_accepted():
    reduced = announced()[LoansReduced].model_copy(update={"reduced_at": issued().issued_at + timedelta(seconds=1)})
    dossier = seen(submitted(), issued(), reduced)
    with pytest.raises(OfferOutdated):
        accept(dossier)
    assert domain.decline_offer(dossier, OFFER, "", NOW)
    before = reduced.model_copy(update={"reduced_at": issued().issued_at - timedelta(seconds=1)})
    assert accept(seen(submitted(), before, issued()))


def test_the_same_answer_again_is_awaiting_its_outcome():
    assert accept(seen(submitted(), issued(), acceptance())) == []
    assert domain.decline_offer(seen(submitted(), issued(), decline()), OFFER, "", NOW) == []


def test_the_contrary_of_an_answer_that_awaits_its_outcome_is_refused():
    with pytest.raises(OfferAlreadyAnswered):
        domain.decline_offer(seen(submitted(), issued(), acceptance()), OFFER, "", NOW)
    with pytest.raises(OfferAlreadyAnswered):
        accept(seen(submitted(), issued(), decline()))


def test_an_answer_that_could_not_count_may_be_given_again():
    refused = OfferAnswerRefused(
        dossier_id=DOSSIER, offer_id=OFFER, reason=AnswerRefusal.NOT_OPEN, valid_until=None, refused_at=NOW
    )
    assert len(accept(seen(submitted(), issued(), acceptance(), refused))) == 1


# -- the signed convention ---------------------------------------------------------------------------------------


def lodge(dossier: Dossier):
    return domain.lodge_convention(dossier, document("signed", "signed_convention"), NOW)


def test_the_signed_convention_is_lodged_while_it_is_awaited():
    dossier = seen(submitted(), engaged(), convention_sent())
    domain.check_convention_awaited(dossier)
    (lodged,) = lodge(dossier)
    assert isinstance(lodged, SignedConventionLodged)
    assert (lodged.dossier_id, lodged.document.document_id) == (DOSSIER, "signed")


@pytest.mark.parametrize(
    "heard",
    [
        (),
        (convention_sent(), convention_lodged()),
        (convention_sent(), convention_lodged(), signed()),
        (convention_sent(), withdrawn()),
    ],
)
def test_a_convention_nobody_waits_for_is_not_lodged(heard):
    dossier = seen(submitted(), *heard)
    with pytest.raises(NoConventionAwaited):
        domain.check_convention_awaited(dossier)
    assert lodge(dossier) == []


def test_a_refused_convention_is_awaited_again():
    dossier = seen(submitted(), convention_sent(), convention_lodged(), convention_refused())
    domain.check_convention_awaited(dossier)
    assert len(lodge(dossier)) == 1
