from dataclasses import FrozenInstanceError
from datetime import date

import pytest

from services.pricing.domain.rating import (
    CreditQualityStep,
    OldRatingScale,
    Rating,
    RatingNeedsAPerson,
    RatingScale,
    RatingScaleMismatch,
    RatingTooOld,
    RatingValue,
    UnknownRating,
    check_age,
    credit_quality_step,
)
from shared.errors import Refusal

TODAY, BEFORE = RatingScale.SINCE_2022, RatingScale.BEFORE_2022
RATED_ON = date(2026, 1, 5)


def step_of(value: str) -> CreditQualityStep:
    return credit_quality_step(Rating.parse(value, TODAY, RATED_ON))


@pytest.mark.parametrize(
    ("step", "values"),
    [
        ("CQS1", "1+"),
        ("CQS2", "1 1-"),
        ("CQS3", "2+ 2 2-"),
        ("CQS4", "3+ 3 3- 4+ 4 4- 5+"),
        ("CQS5", "5 5- 6+ 6 6-"),
        ("CQS6", "7 8 P"),
    ],
)
def test_each_step_holds_its_ratings(step: str, values: str):
    assert {step_of(value) for value in values.split()} == {CreditQualityStep(step)}


def test_todays_scale_has_22_values_and_all_but_zero_have_a_step():
    assert len(RatingValue) == 22
    assert {step_of(value) for value in RatingValue if value is not RatingValue.ZERO} == set(CreditQualityStep)


def test_zero_goes_to_a_person():
    with pytest.raises(RatingNeedsAPerson):
        step_of("0")


@pytest.mark.parametrize("value", ["", "9", "3++", "1 +", "p", "5 "])
def test_a_symbol_todays_scale_does_not_know_is_refused(value: str):
    with pytest.raises(UnknownRating) as refused:
        step_of(value)
    assert refused.value.status == 422


@pytest.mark.parametrize("value", ["4", "5+", "3++", "0"])
def test_a_rating_of_the_old_scale_is_never_read_on_todays(value: str):
    old = Rating.parse(value, BEFORE, date(2022, 1, 7))
    assert old.value == value
    with pytest.raises(OldRatingScale):
        credit_quality_step(old)


@pytest.mark.parametrize(("scale", "rated_on"), [(TODAY, date(2022, 1, 7)), (BEFORE, date(2022, 1, 8))])
def test_a_scale_that_was_not_in_use_that_day_is_refused(scale: RatingScale, rated_on: date):
    with pytest.raises(RatingScaleMismatch) as refused:
        Rating.parse("4", scale, rated_on)
    assert refused.value.status == 422


def test_a_rating_cannot_be_changed_once_parsed():
    with pytest.raises(FrozenInstanceError):
        Rating.parse("5-", TODAY, RATED_ON).rated_on = date(2026, 1, 6)  # pyright: ignore[reportAttributeAccessIssue]


def test_no_text_shows_a_rating():
    assert "5-" not in repr(Rating.parse("5-", TODAY, RATED_ON))
    for value in ("0", "9z"):
        with pytest.raises(Refusal) as refused:
            step_of(value)
        assert value not in refused.value.detail


def test_a_rating_serves_to_the_day_twelve_months_later_and_no_longer():
    rating = Rating.parse("5-", TODAY, RATED_ON)
    check_age(rating, date(2027, 1, 5), 12)
    with pytest.raises(RatingTooOld) as refused:
        check_age(rating, date(2027, 1, 6), 12)
    assert "5-" not in refused.value.detail
    check_age(rating, date(2027, 7, 5), 18)
