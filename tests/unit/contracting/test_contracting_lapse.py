"""A convention lapses by a person, late enough; then nothing more is sent, checked or awaited."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contracting.domain import acte, convention
from services.contracting.domain.facts import Verdict
from services.contracting.domain.refusals import ActeAlreadyTransmitted, EngagementEnded, LapseTooEarly, ReasonRequired
from tests.unit.contracting.cases import Case, complete, engaged, sent
from tests.unit.contracting.samples import CHECKER, DOSSIER, NOW, PREMIUM_CENTS, lodged, proof

AFTER_RETURN = datetime(2024, 8, 2, 22, tzinfo=UTC)  # 60 days after 3 June end at 23:59:59 on 2 August in Paris
AFTER_DUE = datetime(2024, 7, 3, 22, tzinfo=UTC)  # 30 days after 3 June is 3 July


def test_an_ended_dossier_gets_no_convention():
    with pytest.raises(EngagementEnded):
        convention.check_sendable(_lapsed().engagement, NOW)


def _lapsed() -> Case:
    case = sent()
    case.do(convention.lapse, "Sans retour", AFTER_RETURN)
    return case


def test_an_ended_dossier_is_checked_no_more():
    case = _lapsed().hear(lodged())
    with pytest.raises(EngagementEnded):
        case.do(convention.check_signed, "signed-1", Verdict.ACCEPT, "", CHECKER, NOW)


def test_a_lapse_waits_for_a_passed_deadline():
    with pytest.raises(LapseTooEarly):
        engaged().do(convention.lapse, "Sans retour", AFTER_RETURN)
    case = sent()
    case.pay()
    with pytest.raises(LapseTooEarly) as refused:
        case.do(convention.lapse, "Sans retour", AFTER_RETURN - timedelta(microseconds=1))
    assert refused.value.facts["premium_due_on"] == "2024-07-03"
    assert len(case.do(convention.lapse, "Sans retour", AFTER_RETURN)) == 1
    assert case.do(convention.lapse, "Sans retour", AFTER_RETURN) == []


def test_an_unpaid_premium_can_lapse_from_the_day_after_it_was_due():
    case = sent().hear(lodged())
    case.check()
    with pytest.raises(LapseTooEarly):
        case.do(convention.lapse, "Impayé", AFTER_DUE - timedelta(seconds=1))
    with pytest.raises(ReasonRequired):
        case.do(convention.lapse, " ", AFTER_DUE)
    assert case.do(convention.lapse, "Impayé", AFTER_DUE)


def test_a_return_in_the_hands_of_the_checker_is_not_late():
    case = sent().hear(lodged())
    case.pay()
    with pytest.raises(LapseTooEarly):
        case.do(convention.lapse, "Sans retour", AFTER_RETURN)


def test_nothing_lapses_once_the_acte_is_transmitted_not_even_when_the_premium_went_back():
    case = complete()
    case.prepare()
    case.do(acte.record_transmission, proof(), NOW)
    case.take_back("p1", PREMIUM_CENTS)
    assert case.engagement.paid is None
    assert (case.engagement.premium_awaited_until, case.engagement.return_awaited_until) == (None, None)
    with pytest.raises(ActeAlreadyTransmitted):
        case.do(convention.lapse, "Impayé", AFTER_RETURN)


def test_a_lapsed_dossier_awaits_nothing():
    ended = _lapsed().engagement
    assert ended.return_awaited_until is None
    assert ended.premium_awaited_until is None


def test_another_end_is_not_lapsed_again():
    with pytest.raises(EngagementEnded):
        sent().hear(_refusing()).do(convention.lapse, "Sans retour", AFTER_RETURN)


def _refusing():
    from shared.contracts.intake import DossierWithdrawn

    return DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)
