"""The gate says what is missing, who can supply it and since when."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest

from services.contracting.domain import acte, convention
from services.contracting.domain.engagement import Engagement
from services.contracting.domain.facts import Purpose
from services.contracting.domain.gate import Who, acte_gate
from tests.unit.contracting.cases import Case, complete, engaged, favourable, sendable, sent
from tests.unit.contracting.samples import (
    CHECKER,
    NOW,
    OTHER,
    TODAY,
    accepted,
    committed,
    issued,
    lodged,
    opinion,
    proof,
    screened,
    submitted,
)

FROM_THE_SENDING_ON = [
    ("convention-signed", Who.BAILLEUR, None),
    ("premium-paid", Who.BAILLEUR, None),
    ("acte-screening", Who.COMPLIANCE, None),
]
DEPOSITED_AT, EXAMINED_AT = submitted().submitted_at, opinion().given_at


def asked(case: Case, now: datetime = NOW, actor: str | None = None) -> list:
    return [(one.code, one.who, one.since) for one in acte_gate(case.engagement, now, actor)]


def test_a_dossier_nobody_has_heard_of_misses_everything():
    assert [one.code for one in acte_gate(Engagement(), NOW)] == [
        "committee-opinion",
        "offer-issued",
        "offer-acceptance",
        "board-confirmation",
        "envelope-commitment",
        "convention-screening",
        "convention-sent",
        "convention-signed",
        "premium-paid",
        "acte-screening",
    ]


def test_each_missing_thing_names_who_supplies_it_and_since_when():
    rest = [
        ("envelope-commitment", Who.ENVELOPE, None),
        ("convention-screening", Who.COMPLIANCE, None),
        ("convention-sent", Who.LEGAL_OFFICER, None),
        *FROM_THE_SENDING_ON,
    ]
    assert asked(Case(submitted())) == [
        ("committee-opinion", Who.CREDIT_COMMITTEE, DEPOSITED_AT),
        ("offer-issued", Who.PRICING, None),
        ("offer-acceptance", Who.BAILLEUR, None),
        ("board-confirmation", Who.BOARD, None),
        *rest,
    ]
    assert asked(favourable()) == [
        ("offer-issued", Who.PRICING, EXAMINED_AT),
        ("offer-acceptance", Who.BAILLEUR, None),
        ("board-confirmation", Who.BOARD, EXAMINED_AT),
        *rest,
    ]
    assert asked(favourable().hear(issued())) == [
        ("offer-acceptance", Who.BAILLEUR, issued().issued_at),
        ("board-confirmation", Who.BOARD, EXAMINED_AT),
        *rest,
    ]
    assert asked(favourable().hear(issued(), accepted())) == [("board-confirmation", Who.BOARD, EXAMINED_AT), *rest]


def test_what_is_missing_cannot_be_changed_once_told():
    with pytest.raises(FrozenInstanceError):
        acte_gate(Engagement(), NOW)[0].since = NOW  # pyright: ignore[reportAttributeAccessIssue]


def test_after_the_engagement_the_envelope_compliance_and_the_legal_officer_come():
    assert asked(engaged())[:2] == [
        ("envelope-commitment", Who.ENVELOPE, NOW),
        ("convention-screening", Who.COMPLIANCE, NOW),
    ]
    assert asked(engaged().hear(committed()))[:2] == [
        ("convention-screening", Who.COMPLIANCE, NOW),
        ("convention-sent", Who.LEGAL_OFFICER, None),
    ]
    assert asked(sendable()) == [("convention-sent", Who.LEGAL_OFFICER, NOW), *FROM_THE_SENDING_ON]


def test_a_screening_made_before_the_engagement_is_made_again_for_the_convention():
    case = engaged().hear(committed())
    case.do(convention.screen, screened(Purpose.CONVENTION, on=TODAY - timedelta(days=1)))
    assert asked(case)[0] == ("convention-screening", Who.COMPLIANCE, NOW)
    case.screen(Purpose.CONVENTION)
    assert asked(case)[0][0] == "convention-sent"


def test_after_the_sending_everything_is_awaited_since_then():
    assert asked(sent()) == [(code, who, NOW) for code, who, _ in FROM_THE_SENDING_ON]
    assert asked(sent().hear(lodged()))[0] == ("convention-check", Who.LEGAL_OFFICER, lodged().lodged_at)
    assert asked(complete()) == []


def test_the_screening_before_the_acte_is_made_once_the_convention_is_sent():
    case = sent().hear(lodged())
    case.check()
    case.pay()
    case.do(convention.screen, screened(Purpose.ACTE, on=TODAY - timedelta(days=1)))
    assert asked(case) == [("acte-screening", Who.COMPLIANCE, NOW)]
    case.screen(Purpose.ACTE)
    assert asked(case) == []
    case.screen(Purpose.ACTE, clear=False)
    assert asked(case) == [("acte-screening", Who.COMPLIANCE, NOW)]


# The end, in Paris, of the seventh day after a screening of TODAY, 3 June.
STOPS_COUNTING = datetime(2024, 6, 10, 21, 59, 59, 999_999, tzinfo=UTC)
LATER = STOPS_COUNTING + timedelta(microseconds=1)


@pytest.mark.parametrize(("case", "code"), [(sendable, "convention-screening"), (complete, "acte-screening")])
def test_a_screening_counts_for_seven_days_then_compliance_is_asked_for_another(case, code):
    aged = case()
    assert code not in [one for one, _, _ in asked(aged, STOPS_COUNTING)]
    assert (code, Who.COMPLIANCE, STOPS_COUNTING) in asked(aged, LATER)
    said = next(one for one in acte_gate(aged.engagement, LATER) if one.code == code)
    assert "le dernier date de plus de 7\u00a0jours" in said.label


def test_the_screening_of_an_acte_grows_older_until_it_is_transmitted_and_an_alert_still_shows():
    case = complete()
    case.prepare()
    assert asked(case, LATER) == [("acte-screening", Who.COMPLIANCE, STOPS_COUNTING)]
    case.do(acte.record_transmission, proof(), STOPS_COUNTING)
    assert asked(case, LATER) == []
    case.screen(Purpose.ACTE, clear=False)
    assert asked(case, LATER) == [("acte-screening", Who.COMPLIANCE, NOW)]


def test_who_checked_the_convention_is_told_that_a_second_person_is_missing_until_one_prepared_the_acte():
    case = sent().hear(lodged())
    assert "second-person" not in [code for code, _, _ in asked(case, actor=CHECKER)]
    case.check()
    assert ("second-person", Who.LEGAL_OFFICER, NOW) in asked(case, actor=CHECKER)
    case.pay()
    case.screen(Purpose.ACTE)
    assert asked(case, actor=CHECKER) == [("second-person", Who.LEGAL_OFFICER, NOW)]
    assert asked(case, actor=OTHER) == []
    case.prepare()
    assert asked(case, actor=CHECKER) == []
