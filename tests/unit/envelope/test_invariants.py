"""No fact and no run of facts breaks an invariant, and a ledger that breaks one is found out."""

import pytest

from services.envelope.domain import decisions
from services.envelope.domain.facts import EpochBegan
from services.envelope.domain.invariants import broken
from services.envelope.domain.ledger import Ledger
from shared.contracts.envelope import CapChanged, Committed, Promoted, Released, ReservationRefused, Reserved
from shared.journal.head import folded
from tests.unit.envelope.book import NOW, Book, alike, reserved, rules


@pytest.mark.parametrize(
    "event",
    [
        Reserved(campaign_id="c", dossier_id="z", deposit_number=3, amount_cents=101, reserved_at=NOW),
        Reserved(campaign_id="c", dossier_id="z", deposit_number=4, amount_cents=1, reserved_at=NOW),
        Reserved(campaign_id="c", dossier_id="a", deposit_number=3, amount_cents=1, reserved_at=NOW),
        Promoted(campaign_id="c", dossier_id="a", deposit_number=1, amount_cents=900, promoted_at=NOW),
        Promoted(campaign_id="c", dossier_id="b", deposit_number=2, amount_cents=100, promoted_at=NOW),
        Committed(campaign_id="c", dossier_id="b", amount_cents=0, committed_at=NOW),
        Committed(campaign_id="c", dossier_id="a", amount_cents=899, committed_at=NOW),
        Released(campaign_id="c", dossier_id="a", amount_cents=901, reason="", released_at=NOW),
        ReservationRefused(campaign_id="c", dossier_id="a", deposit_number=1, amount_cents=900, refused_at=NOW),
        EpochBegan(epoch=2, writer="w", began_at=NOW),
        CapChanged(campaign_id="c", cap_cents=899, previous_cap_cents=1_000, rules=rules(899, 2), changed_at=NOW),
    ],
)
def test_no_fact_that_breaks_an_invariant_is_folded(event):
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    with pytest.raises(AssertionError):
        book.ledger.fold(event)
    with pytest.raises(AssertionError):
        folded(book.ledger, [alike(event, event)])


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(reserved(3, 801), id="a cent above the envelope"),
        pytest.param(reserved(4, 1), id="a number left out"),
        pytest.param(reserved(3, 1, "n1"), id="a dossier decided before"),
        pytest.param(reserved(3, 1, "n2"), id="a dossier decided in the same run"),
        pytest.param(reserved(3, -1), id="an amount below nothing"),
    ],
)
def test_a_run_of_reservations_is_held_to_the_invariants_one_by_one(last):
    book = Book()
    book.submit("n1", 1, 100)
    assert folded(book.ledger, [alike(reserved(2, 100), reserved(3, 800))]).available_cents == 0
    with pytest.raises(AssertionError):
        folded(book.ledger, [alike(reserved(2, 100), last)])


def test_a_run_of_reservations_takes_the_place_of_what_was_held_and_what_was_voided():
    book = Book()
    book.do(decisions.release, "n2", "DossierWithdrawn", NOW)
    book.submit("n3", 3, 100)
    run = [reserved(1, 100), reserved(2, 100), reserved(3, 100)]
    one_by_one = book.ledger
    for event in run:
        one_by_one = one_by_one.fold(event)
    assert folded(book.ledger, [alike(*run)]) == one_by_one
    assert (dict(one_by_one.held), dict(one_by_one.voided)) == ({}, {})


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"reserved_cents": 899}, "montant réservé"),
        ({"committed_cents": 1}, "montant engagé"),
        ({"rules": rules(899)}, "plafond respecté"),
        ({"decided": 3}, "numéros décidés"),
        ({"waiting": Ledger().waiting}, "liste d'attente"),
    ],
)
def test_a_ledger_whose_figures_are_not_those_of_its_lines_is_found_out(changes, check):
    book = Book()
    book.submit("a", 1, 900)
    book.submit("b", 2, 200)
    assert list(broken(book.ledger)) == []
    assert [one.check for one in broken(book.ledger._replace(**changes))] == [check]


def test_a_number_that_waits_although_it_is_decided_is_found_out():
    book = Book()
    book.submit("b", 2, 10)
    held = book.ledger.held
    book.submit("a", 1, 10)
    assert [one.check for one in broken(book.ledger._replace(held=held))] == ["numéros en attente d'un précédent"]
