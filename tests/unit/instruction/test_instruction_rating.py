"""The rating: symbol, scale and date belong together, and no text repeats it."""

from datetime import date, timedelta

import pytest

from services.instruction.domain import committee
from services.instruction.domain.refusals import DateInFuture, DossierClosed, InvalidRating
from services.instruction.domain.review import Profile
from shared.contracts.instruction import Opinion
from tests.facts import profile
from tests.unit.instruction.samples import NOW, TODAY, in_committee, released, started, withdrawn

TOMORROW = TODAY + timedelta(days=1)

TODAYS = [f"{step}{shade}" for step in range(1, 7) for shade in ("+", "", "-")] + ["7", "8", "P", "0"]
OLD = ["3++", "3+", "3", "4+", "4", "5+", "5", "6", "7", "8", "9", "P", "0"]


def test_the_scale_of_today_has_22_values_and_the_old_one_13():
    assert (len(TODAYS), len(OLD)) == (22, 13)
    assert {"since_2022": frozenset(TODAYS), "before_2022": frozenset(OLD)} == committee.RATINGS


@pytest.mark.parametrize("symbol", TODAYS)
def test_every_value_of_today_is_taken_from_the_change_on(symbol):
    committee.check_profile(started().review, profile(rating=symbol, rated_on=date(2022, 1, 8)))


@pytest.mark.parametrize("symbol", OLD)
def test_every_old_value_is_taken_until_the_day_before(symbol):
    old = profile(rating=symbol, scale="before_2022", rated_on=date(2022, 1, 7))
    committee.check_profile(started().review, old)


@pytest.mark.parametrize(
    ("rating", "scale", "rated_on"),
    [
        ("9", "since_2022", date(2024, 3, 1)),
        ("3++", "since_2022", date(2024, 3, 1)),
        ("1+", "before_2022", date(2021, 3, 1)),
        ("", "since_2022", date(2024, 3, 1)),
        ("4", "since_2022", date(2022, 1, 7)),
        ("4", "before_2022", date(2022, 1, 8)),
    ],
)
def test_symbol_scale_and_date_belong_together_and_the_refusal_does_not_repeat_the_rating(rating, scale, rated_on):
    with pytest.raises(InvalidRating) as refusal:
        committee.check_profile(started().review, profile(rating=rating, scale=scale, rated_on=rated_on))
    assert refusal.value.facts == {}
    assert refusal.value.detail == (
        "Vérifiez la cotation, l'échelle et la date (changement d'échelle le 8 janvier 2022)."
    )


def test_a_rating_is_not_of_tomorrow():
    with pytest.raises(DateInFuture):
        committee.check_profile(started().review, profile(rated_on=TOMORROW))


def test_another_rating_can_follow_a_favourable_opinion():
    case = in_committee()
    case.opine()
    committee.check_profile(case.review, profile(rating="3"))
    with pytest.raises(DossierClosed):
        committee.check_profile(case.hear(released()).review, profile())


@pytest.mark.parametrize("end", ["unfavourable", "withdrawn"])
def test_an_ended_dossier_is_not_rated(end):
    case = in_committee()
    if end == "withdrawn":
        case.hear(withdrawn())
    else:
        case.opine(Opinion.UNFAVOURABLE, "Équilibre insuffisant")
    with pytest.raises(DossierClosed):
        committee.check_profile(case.review, profile())


def test_the_same_profile_is_recorded_once():
    known = Profile(profile())
    assert committee.record_profile(Profile(), profile()) == [profile()]
    assert committee.record_profile(known, profile(recorded_at=NOW + timedelta(days=1))) == []
    assert committee.record_profile(known, profile(programme_quality="A")) != []


def test_the_review_notes_once_that_there_is_a_rating_and_not_which():
    case = started()
    (event,) = case.do(committee.note_rated)
    assert set(event.model_dump()) == {"dossier_id"}
    assert case.do(committee.note_rated) == []
