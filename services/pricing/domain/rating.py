"""Banque de France ratings and the credit quality steps they stand for (DOMAIN rules 10 and 11).

No text here names a rating's value: refusals end up in logs and answers, and a rating is confidential.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Self

from shared.calendar import months_later
from shared.errors import Refusal

SCALE_CHANGED_ON = date(2022, 1, 8)


class RatingScale(StrEnum):
    """The same symbol means another thing on the other scale (today's `4` is about the old `5+`)."""

    SINCE_2022 = "since_2022"
    BEFORE_2022 = "before_2022"


class RatingValue(StrEnum):
    """The 22 values of the scale in use since 8 January 2022."""

    ONE_PLUS = "1+"
    ONE = "1"
    ONE_MINUS = "1-"
    TWO_PLUS = "2+"
    TWO = "2"
    TWO_MINUS = "2-"
    THREE_PLUS = "3+"
    THREE = "3"
    THREE_MINUS = "3-"
    FOUR_PLUS = "4+"
    FOUR = "4"
    FOUR_MINUS = "4-"
    FIVE_PLUS = "5+"
    FIVE = "5"
    FIVE_MINUS = "5-"
    SIX_PLUS = "6+"
    SIX = "6"
    SIX_MINUS = "6-"
    SEVEN = "7"
    EIGHT = "8"
    P = "P"
    ZERO = "0"


class CreditQualityStep(StrEnum):
    CQS1 = "CQS1"
    CQS2 = "CQS2"
    CQS3 = "CQS3"
    CQS4 = "CQS4"
    CQS5 = "CQS5"
    CQS6 = "CQS6"


TODAY = frozenset(RatingValue)
STEP_OF = {
    RatingValue(value): step
    for step, values in {
        CreditQualityStep.CQS1: "1+",
        CreditQualityStep.CQS2: "1 1-",
        CreditQualityStep.CQS3: "2+ 2 2-",
        CreditQualityStep.CQS4: "3+ 3 3- 4+ 4 4- 5+",
        CreditQualityStep.CQS5: "5 5- 6+ 6 6-",
        CreditQualityStep.CQS6: "7 8 P",
    }.items()
    for value in values.split()
}


class UnknownRating(Refusal):
    type = "unknown-rating"
    title = "Cotation inconnue"
    status = 422


class RatingScaleMismatch(Refusal):
    """The date says another scale than the one stored: one of the two is wrong."""

    type = "rating-scale-mismatch"
    title = "Échelle et date de cotation incompatibles"
    status = 422


class OldRatingScale(Refusal):
    type = "old-rating-scale"
    title = "Cotation de l'ancienne échelle"


class RatingNeedsAPerson(Refusal):
    """Rating 0: no unfavourable information, which is neither good nor bad."""

    type = "rating-needs-a-person"
    title = "Cotation à apprécier par une personne"


class CommitteeDerogationNeeded(Refusal):
    type = "committee-derogation-needed"
    title = "Dérogation nécessaire"


class RatingRefused(Refusal):
    type = "rating-refused"
    title = "Cotation exclue de la tarification automatique"


class RatingTooOld(Refusal):
    type = "rating-too-old"
    title = "Cotation trop ancienne"


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating with the scale that gives its symbol a meaning and its date; made by `parse`."""

    value: str = field(repr=False)
    scale: RatingScale
    rated_on: date

    @classmethod
    def parse(cls, value: str, scale: RatingScale, rated_on: date) -> Self:
        """A rating of either scale; one of the old scale keeps its symbol, uninterpreted.

        Raises: UnknownRating (not one of today's 22), RatingScaleMismatch.
        """
        if (scale is RatingScale.SINCE_2022) != (rated_on >= SCALE_CHANGED_ON):
            raise RatingScaleMismatch("L'échelle a changé le 8 janvier 2022 : vérifiez la date et l'échelle.")
        if scale is RatingScale.SINCE_2022 and value not in TODAY:
            raise UnknownRating("La cotation enregistrée n'existe pas sur l'échelle en vigueur.")
        return cls(value, scale, rated_on)


def check_age(rating: Rating, today: date, max_age_months: int) -> None:
    """A rating serves until the same day of the month, `max_age_months` later. Raises: RatingTooOld."""
    if today > months_later(rating.rated_on, max_age_months):
        raise RatingTooOld(f"Une cotation de moins de {max_age_months} mois est nécessaire pour tarifer.")


def credit_quality_step(rating: Rating) -> CreditQualityStep:
    """The step of a rating of today's scale. Raises: OldRatingScale, RatingNeedsAPerson."""
    if rating.scale is not RatingScale.SINCE_2022:
        raise OldRatingScale("Une cotation postérieure au 8 janvier 2022 est nécessaire pour tarifer.")
    value = RatingValue(rating.value)
    if value is RatingValue.ZERO:
        raise RatingNeedsAPerson("Aucune information défavorable n'est connue : une personne doit apprécier.")
    return STEP_OF[value]
