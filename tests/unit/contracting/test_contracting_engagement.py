"""Acceptance and confirmation, in either order, engage once; an end engages nobody."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain.board import Decision
from services.contracting.domain.engagement import Engagement, EngagementDocument
from services.contracting.domain.engaging import receive
from services.contracting.domain.facts import Purpose
from services.contracting.domain.refusals import EngagementEnded
from services.contracting.domain.states import EngagementState, ended_by
from shared.contracts.contracting import ActeTransmitted, ConventionSigned, Engaged, EngagementLapsed
from shared.contracts.envelope import Released
from shared.contracts.instruction import DossierFoundIneligible, Opinion
from shared.contracts.intake import DossierWithdrawn, SupplementLodged
from shared.contracts.pricing import OfferDeclined, OfferExpired, OfferSuperseded
from tests.unit.contracting.cases import Case, complete, engaged, favourable, sendable, sent
from tests.unit.contracting.samples import (
    DOSSIER,
    LOANS,
    NOW,
    OFFER,
    PREMIUM_CENTS,
    accepted,
    by_hand,
    committed,
    document,
    issued,
    loan,
    lodged,
    opinion,
    reduced,
    submitted,
)

WITHDRAWN = DossierWithdrawn(campaign_id="c", dossier_id=DOSSIER, withdrawn_at=NOW)
INELIGIBLE = DossierFoundIneligible(dossier_id=DOSSIER, reasons=("zone",), rule_set="1", found_at=NOW)
DECLINED = OfferDeclined(dossier_id=DOSSIER, offer_id=OFFER, declined_at=NOW)
EXPIRED = OfferExpired(dossier_id=DOSSIER, offer_id=OFFER, expired_at=NOW, valid_until=NOW)
LAPSED = EngagementLapsed(dossier_id=DOSSIER, reason="retard", lapsed_at=NOW)


def released(reason: str) -> Released:
    return Released(campaign_id="c", dossier_id=DOSSIER, amount_cents=1, reason=reason, released_at=NOW)


ENDINGS = [
    (WITHDRAWN, EngagementState.WITHDRAWN),
    (INELIGIBLE, EngagementState.INELIGIBLE),
    (opinion(Opinion.UNFAVOURABLE), EngagementState.UNFAVOURABLE),
    (DECLINED, EngagementState.OFFER_DECLINED),
    (EXPIRED, EngagementState.OFFER_EXPIRED),
    (LAPSED, EngagementState.LAPSED),
    (released("OfferExpired"), EngagementState.OFFER_EXPIRED),
    (released("CommitteeOpinionGiven"), EngagementState.UNFAVOURABLE),
    (released("SomethingNew"), EngagementState.RELEASED),
]


def test_a_return_is_examined_once_and_never_after_an_end():
    case = sent().hear(lodged())
    assert case.engagement.to_examine == lodged()
    case.examine(by_hand())
    assert (case.engagement.to_check, case.engagement.to_examine) == (lodged(), None)
    assert sent().hear(lodged(), WITHDRAWN).engagement.to_examine is None


def test_nothing_waits_for_a_check_once_the_convention_is_signed():
    signed = ConventionSigned(dossier_id=DOSSIER, document_id="signed-1", checked_at=NOW)
    case = sent().hear(lodged())
    case.take([signed])
    assert case.engagement.to_check is None


def test_a_return_lodged_after_the_accepted_one_does_not_take_its_place():
    case = sent().hear(lodged())
    case.check()
    case.hear(lodged("signed-2"))
    assert case.engagement.documents[EngagementDocument.SIGNED_CONVENTION] == lodged().document


def test_acceptance_then_confirmation_engages():
    case = favourable().hear(issued(), accepted())
    assert [type(event).__name__ for event in case.decide()] == ["BoardConfirmed", "Engaged"]
    assert case.engagement.engaged == Engaged(
        dossier_id=DOSSIER, offer_id=OFFER, premium_cents=PREMIUM_CENTS, engaged_at=NOW
    )


def test_confirmation_then_acceptance_engages():
    case = favourable()
    assert [type(event).__name__ for event in case.decide()] == ["BoardConfirmed"]
    assert case.engagement.state is EngagementState.BOARD_CONFIRMED
    case.hear(issued(), accepted())
    assert case.names()[-2:] == ["OfferAccepted", "Engaged"]


def test_acceptance_alone_engages_nobody():
    case = favourable().hear(issued(), accepted())
    assert case.engagement.engaged is None
    assert case.engagement.state is EngagementState.OFFER_ACCEPTED


def test_hearing_the_acceptance_again_engages_no_second_time():
    assert engaged().hear(accepted()).names().count("Engaged") == 1


@pytest.mark.parametrize(("end", "state"), ENDINGS, ids=lambda value: str(getattr(value, "reason", value))[:20])
def test_after_an_end_nothing_engages(end, state):
    case = favourable()
    case.decide()
    case.hear(issued(), end, accepted())
    assert "Engaged" not in case.names()
    assert case.engagement.state is state
    with pytest.raises(EngagementEnded, match="clos"):
        case.engagement.refuse_when_ended()


def test_a_board_refusal_ends_an_accepted_dossier():
    case = favourable().hear(issued(), accepted())
    case.decide(Decision.REFUSE, "Risque")
    assert case.names()[-1] == "BoardRefused"
    assert case.engagement.state is EngagementState.BOARD_REFUSED


def test_the_first_end_is_the_one_that_counts():
    assert favourable().hear(DECLINED, WITHDRAWN).engagement.end is EngagementState.OFFER_DECLINED


def test_a_favourable_opinion_is_no_end():
    assert ended_by(opinion()) is None


@pytest.mark.parametrize(
    ("case", "state"),
    [
        (Case(submitted()), EngagementState.SUBMITTED),
        (favourable(), EngagementState.FAVOURABLE),
        (favourable().hear(issued()), EngagementState.OFFER_ISSUED),
        (engaged(), EngagementState.ENGAGED),
        (sent(), EngagementState.CONVENTION_SENT),
        (complete(), EngagementState.ACTE_DUE),
    ],
    ids=lambda value: getattr(value, "value", "case"),
)
def test_the_state_is_the_furthest_thing_that_is_true(case, state):
    assert case.engagement.state is state


def test_signed_or_paid_first_are_states_of_their_own():
    signed, paid = sent().hear(lodged()), sent()
    signed.check()
    paid.pay()
    assert signed.engagement.state is EngagementState.CONVENTION_SIGNED
    assert paid.engagement.state is EngagementState.PREMIUM_PAID


def test_a_transmitted_acte_holds_whatever_comes_after():
    case = complete()
    case.prepare()
    assert case.engagement.state is EngagementState.ACTE_PREPARED
    transmitted = ActeTransmitted(dossier_id=DOSSIER, acte=document("acte"), transmitted_at=NOW)
    case.hear(transmitted, WITHDRAWN)
    assert case.engagement.state is EngagementState.ACTE_TRANSMITTED
    assert case.engagement.end is EngagementState.WITHDRAWN


def test_a_superseded_offer_gives_way_and_another_one_stays():
    superseded = OfferSuperseded(dossier_id=DOSSIER, offer_id=OFFER, superseded_at=NOW)
    assert favourable().hear(issued(), superseded).engagement.issued is None
    assert favourable().hear(issued("d1-2"), superseded).engagement.issued == issued("d1-2")
    assert favourable().hear(superseded).engagement.issued is None


def test_reduced_loans_are_the_loans_whenever_the_deposit_is_heard():
    assert Case(submitted()).engagement.principal_cents == 425_000_000
    assert Case(submitted(), reduced()).engagement.principal_cents == 400_000_000
    assert Case(reduced(), submitted()).engagement.loans[0] == loan(300_000_000)


def test_a_reduction_makes_the_sent_convention_outdated():
    case = sent()
    assert case.engagement.convention_loans == LOANS
    assert not case.engagement.convention_outdated
    assert case.hear(reduced()).engagement.convention_outdated


def test_other_facts_change_nothing():
    other = SupplementLodged(dossier_id=DOSSIER, request_id="r", lodged_at=NOW, documents=())
    assert receive(Engagement(), other, NOW) == [other]
    assert Engagement().fold(other) == Engagement()


def test_documents_appear_as_they_are_made():
    assert engaged().engagement.documents == {}
    case = complete()
    case.prepare()
    assert [kind.value for kind in case.engagement.documents] == [
        "convention",
        "premium_call",
        "signed_convention",
        "acte",
    ]


def test_every_order_of_acceptance_and_confirmation_and_the_rest_leads_to_the_same_engagement():
    facts = {
        "submitted": lambda case: case.hear(submitted()),
        "issued and accepted": lambda case: case.hear(issued(), accepted()),
        "confirmed": lambda case: case.decide(),
    }
    ends = set()
    for order in permutations(facts):
        case = Case(opinion())
        for name in order:
            facts[name](case)
        assert case.names().count("Engaged") == 1
        ends.add(case.engagement)
    assert len(ends) == 1


@given(st.permutations(["accept", "confirm", "submit", "commit", "withdraw"]))
def test_a_withdrawal_anywhere_never_leaves_an_engagement_that_goes_on(order):
    case = Case(opinion())
    steps = {
        "accept": lambda: case.hear(issued(), accepted()),
        "submit": lambda: case.hear(submitted()),
        "commit": lambda: case.hear(committed()),
        "withdraw": lambda: case.hear(WITHDRAWN),
    }
    for name in order:
        if name != "confirm":
            steps[name]()
        elif case.engagement.end is None:
            case.decide()
    assert case.engagement.state is EngagementState.WITHDRAWN
    assert case.names().count("Engaged") <= 1


@given(st.permutations(["sign", "pay half", "pay rest", "screen"]))
def test_every_order_of_signature_payment_and_screening_opens_the_gate_alike(order):
    case = sent()
    steps = {
        "sign": lambda: (case.hear(lodged()), case.check()),
        "pay half": lambda: case.pay(PREMIUM_CENTS // 2, "p1"),
        "pay rest": lambda: case.pay(PREMIUM_CENTS - PREMIUM_CENTS // 2, "p2"),
        "screen": lambda: case.screen(Purpose.ACTE),
    }
    for name in order:
        assert not case.engagement.transmission_pending
        steps[name]()
    case.prepare()
    assert case.names().count("PremiumPaid") == case.names().count("ConventionSigned") == 1
    reached = case.engagement
    assert reached.state is EngagementState.ACTE_PREPARED
    assert reached.transmission_pending
    assert (reached.paid_cents, reached.outstanding_cents, reached.to_return_cents) == (PREMIUM_CENTS, 0, 0)


def test_the_sample_can_be_sent():
    assert sendable().engagement.state is EngagementState.ENGAGED
