"""The convention: sent when everything is there, checked by a person."""

from datetime import UTC, date, datetime, timedelta

import pytest
from stdnum import iso11649

from services.contracting.domain import convention
from services.contracting.domain.facts import EngagementScreened, Purpose, Verdict
from services.contracting.domain.gate import Who, acte_gate, convention_gate
from services.contracting.domain.reference import compact, payment_reference
from services.contracting.domain.refusals import (
    ActeAlreadyPrepared,
    AlreadyChecked,
    ConventionGateClosed,
    DateInFuture,
    DossierChanged,
    ReasonRequired,
    ScreeningTooEarly,
    SignedConventionUnknown,
)
from shared.campaign import Campaign
from shared.contracts.contracting import ConventionSent
from shared.contracts.envelope import CampaignOpened, CapChanged, RulesChanged
from tests.unit.contracting.cases import Case, complete, engaged, favourable, sendable, sent
from tests.unit.contracting.samples import (
    DOSSIER,
    NOW,
    PREMIUM_CENTS,
    TODAY,
    committed,
    document,
    issued,
    loan,
    lodged,
    opinion,
    printed,
    reduced,
    rules,
    screened,
    submitted,
)


def recorded(purpose: Purpose, at: datetime) -> EngagementScreened:
    return screened(purpose, on=at.date()).model_copy(update={"recorded_at": at})


def codes(missing) -> list[str]:
    return [one.code for one in missing]


def test_the_terms_follow_the_campaign_rules_and_the_calendar_of_paris():
    _, fact = sendable().send(datetime(2024, 6, 2, 22, 30, tzinfo=UTC))
    assert isinstance(fact, ConventionSent)
    assert fact.return_by == datetime(2024, 8, 2, 21, 59, 59, 999_999, tzinfo=UTC)
    assert fact.premium_due_on == date(2024, 7, 3)
    assert fact.premium_cents == PREMIUM_CENTS
    assert fact.payment_reference == payment_reference(12, DOSSIER)


def test_the_return_ends_with_the_day_across_the_change_of_hour():
    case, sent_at = engaged().hear(committed()), datetime(2024, 9, 10, 8, tzinfo=UTC)
    case.do(convention.screen, recorded(Purpose.CONVENTION, sent_at))
    _, fact = case.send(sent_at)
    assert isinstance(fact, ConventionSent)
    assert fact.return_by == datetime(2024, 11, 9, 22, 59, 59, 999_999, tzinfo=UTC)


def test_references_are_valid_creditor_references_of_their_own():
    references = {payment_reference(number, f"d{number}") for number in range(1, 500)}
    assert len(references) == 499
    assert all(iso11649.is_valid(reference) for reference in references)
    assert payment_reference(1, "of one campaign") != payment_reference(1, "of another")
    assert payment_reference(9_999_999, "x")[4:].startswith("ALS9999999")
    assert compact(" rf18 5390-0754 7034") == "RF18539007547034"


@pytest.mark.parametrize(
    ("case", "missing"),
    [
        (
            Case(submitted()),
            [
                "committee-opinion",
                "offer-issued",
                "offer-acceptance",
                "board-confirmation",
                "envelope-commitment",
                "convention-screening",
            ],
        ),
        (
            favourable().hear(issued()),
            ["offer-acceptance", "board-confirmation", "envelope-commitment", "convention-screening"],
        ),
        (engaged(), ["envelope-commitment", "convention-screening"]),
        (engaged().hear(committed()), ["convention-screening"]),
    ],
    ids=["deposited", "offered", "engaged", "committed"],
)
def test_the_gate_of_the_convention_names_what_is_missing(case, missing):
    assert codes(convention_gate(case.engagement, NOW)) == missing
    with pytest.raises(ConventionGateClosed) as refused:
        case.send()
    assert refused.value.facts["missing"] == missing


def test_the_convention_is_sent_on_a_screening_of_the_last_seven_days():
    with pytest.raises(ConventionGateClosed, match="date de plus de 7\u00a0jours") as refused:
        sendable().send(now=NOW + timedelta(days=8))
    assert refused.value.facts["missing"] == ["convention-screening"]
    assert sendable().send(now=NOW + timedelta(days=7))


def test_a_convention_renewed_later_needs_a_screening_of_its_own():
    case = sent().hear(reduced())
    later = NOW + timedelta(days=8)
    with pytest.raises(ConventionGateClosed):
        case.send(now=later)
    case.do(convention.screen, recorded(Purpose.CONVENTION, later))
    assert case.send(now=later)


def test_a_screening_with_an_alert_keeps_the_gate_closed():
    case = sendable()
    case.screen(Purpose.CONVENTION, clear=False)
    assert codes(convention_gate(case.engagement, NOW)) == ["convention-screening"]


def test_each_missing_thing_says_who_and_since_when():
    first, second, third, fourth = convention_gate(favourable().hear(issued()).engagement, NOW)
    assert (first.who, first.since) == (Who.BAILLEUR, NOW - timedelta(days=4))
    assert (second.who, second.since) == (Who.BOARD, NOW - timedelta(days=5))
    assert (third.who, third.since) == (Who.ENVELOPE, None)
    assert (fourth.who, fourth.since) == (Who.COMPLIANCE, None)
    assert convention_gate(engaged().engagement, NOW)[0].since == NOW


def test_the_gate_of_the_acte_starts_with_the_convention():
    assert codes(acte_gate(sendable().engagement, NOW)) == [
        "convention-sent",
        "convention-signed",
        "premium-paid",
        "acte-screening",
    ]
    assert acte_gate(sendable().engagement, NOW)[0].since == NOW
    early = acte_gate(engaged().engagement, NOW)
    assert codes(early)[:3] == ["envelope-commitment", "convention-screening", "convention-sent"]
    assert early[2].since is None


def test_a_return_that_waits_for_its_check_waits_for_the_legal_officer():
    missing = acte_gate(sent().hear(lodged()).engagement, NOW)
    assert codes(missing) == ["convention-check", "premium-paid", "acte-screening"]
    assert missing[0].who is Who.LEGAL_OFFICER


def test_a_sent_convention_is_sent_once():
    case = sent()
    assert case.engagement.convention is not None
    agreed = convention.Terms.model_validate(
        case.engagement.convention.model_dump(include=set(convention.Terms.model_fields))
    )
    assert case.do(convention.send, agreed, case.engagement.loans, printed(), document("x"), document("y")) == []


def test_loans_reduced_while_it_is_printed_stop_the_convention():
    case = sendable()
    agreed = convention.terms(case.engagement, rules(), NOW)
    loans = case.engagement.loans
    case.hear(reduced())
    with pytest.raises(DossierChanged):
        case.do(convention.send, agreed, loans, printed(), document("x"), document("y"))


def test_reduced_loans_ask_for_a_convention_anew_and_keep_the_payments():
    case = complete().hear(reduced(at=NOW + timedelta(days=1)))
    missing = acte_gate(case.engagement, NOW)
    assert codes(missing) == ["convention-outdated"]
    assert missing[0].since == NOW + timedelta(days=1)
    _, fact = case.send(NOW + timedelta(days=2))
    assert isinstance(fact, ConventionSent)
    assert fact.premium_due_on == date(2024, 7, 3)
    assert codes(acte_gate(case.engagement, NOW)) == ["convention-signed", "acte-screening"]
    assert case.engagement.paid is not None


def test_a_prepared_acte_settles_the_convention():
    case = complete()
    case.prepare()
    case.hear(reduced())
    with pytest.raises(ActeAlreadyPrepared):
        case.send()


def test_screenings_are_recorded_once_and_the_latest_counts():
    case = sendable()
    assert case.screen(Purpose.CONVENTION) == []
    assert len(case.screen(Purpose.CONVENTION, clear=False)) == 1
    assert len(case.screen(Purpose.CONVENTION)) == 1


def test_a_screening_is_not_dated_in_the_future():
    with pytest.raises(DateInFuture):
        engaged().do(convention.screen, screened(Purpose.CONVENTION, on=TODAY + timedelta(days=1)))


def test_the_screening_of_the_acte_is_a_second_one():
    with pytest.raises(ScreeningTooEarly):
        sendable().screen(Purpose.ACTE)
    assert sent().screen(Purpose.ACTE)


def test_an_accepted_return_signs_the_convention_once():
    case = sent().hear(lodged())
    assert [type(event).__name__ for event in case.check()] == ["SignedConventionChecked", "ConventionSigned"]
    assert case.check() == []
    with pytest.raises(AlreadyChecked):
        case.check(Verdict.REFUSE, "Illisible")
    with pytest.raises(SignedConventionUnknown):
        case.hear(lodged("signed-2")).check(name="signed-2")


def test_a_refused_return_is_said_why_and_waits_for_another():
    case = sent().hear(lodged())
    with pytest.raises(ReasonRequired):
        case.check(Verdict.REFUSE)
    assert [type(event).__name__ for event in case.check(Verdict.REFUSE, "Page manquante")] == [
        "SignedConventionChecked",
        "SignedConventionRefused",
    ]
    assert case.check(Verdict.REFUSE, "Page manquante") == []
    assert codes(acte_gate(case.engagement, NOW))[0] == "convention-signed"
    case.hear(lodged("signed-2"))
    assert case.check(name="signed-2")
    assert case.engagement.signed is not None


@pytest.mark.parametrize("name", ["unknown", "signed-1"])
def test_only_the_last_return_is_checked(name):
    case = sent().hear(lodged(), lodged("signed-2"))
    with pytest.raises(SignedConventionUnknown):
        case.check(name=name)
    with pytest.raises(SignedConventionUnknown):
        sent().check(name=name)


def test_the_campaign_copy_holds_the_rules_in_force():
    first, second = rules(), rules(version=2, convention_return_days=90)
    folded = Campaign().fold(CampaignOpened(campaign_id="c", rules=first, opened_at=NOW))
    assert folded.rules == first
    changed = folded.fold(RulesChanged(campaign_id="c", rules=second, changed_at=NOW))
    assert changed.rules == second
    capped = CapChanged(campaign_id="c", cap_cents=1, previous_cap_cents=2, rules=first, changed_at=NOW)
    assert changed.fold(capped).rules == first
    assert changed.fold(opinion()) == changed
    assert loan().principal_cents == 325_000_000
