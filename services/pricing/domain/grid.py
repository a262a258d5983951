"""The versioned pricing grid: what it holds, how its file is checked, what it says of a line."""

import hashlib
import json
import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, NoReturn

from services.pricing.domain.rating import CommitteeDerogationNeeded, CreditQualityStep, RatingRefused
from shared.errors import Refusal
from shared.events import Value, fields_refused
from shared.journal import canonical_json
from shared.lending import MONTHS_PER_YEAR
from shared.money import MAX_CENTS

BASIS_POINTS = 10_000
MAX_RATING_AGE_MONTHS = 60
MAX_DEFERRAL_BP = 100
MAX_DECIMALS = 6
# Sign, whole part and decimals; not −0.
DECIMAL = re.compile(rf"(?!-0(\.0+)?$)-?(0|[1-9][0-9]*)(\.[0-9]{{1,{MAX_DECIMALS}}})?")


class InvalidGrid(Refusal):
    """The grid's file cannot be used; nothing is priced with it."""

    type = "invalid-grid"
    title = "Grille de tarification invalide"
    status = 422


class GridUnreadable(InvalidGrid):
    """Not JSON, or not of the expected form."""

    type = "grid-unreadable"
    title = "Grille de tarification illisible"


class GridIncomplete(InvalidGrid):
    """A credit quality step or a programme quality is missing."""

    type = "grid-incomplete"
    title = "Grille de tarification incomplète"


class GridBandsBroken(InvalidGrid):
    """Duration bands leave a hole, overlap, or stand beside no automatic price."""

    type = "grid-bands-broken"
    title = "Tranches de durée incohérentes"


class GridTreatmentForbidden(InvalidGrid):
    """A step is treated as no grid may: the fifth priced automatically, or the sixth not refused."""

    type = "grid-treatment-forbidden"
    title = "Traitement d'échelon interdit"


class GridFigureOutOfRange(InvalidGrid):
    type = "grid-figure-out-of-range"
    title = "Valeur de grille hors limites"


class GridHashMismatch(InvalidGrid):
    """The content is not the one that was named by its hash."""

    type = "grid-hash-mismatch"
    title = "Empreinte de grille différente"
    status = 409


class NoGridInForce(Refusal):
    """Before the first grid takes effect nothing is priced."""

    type = "no-grid-in-force"
    title = "Aucune grille en vigueur"


class UnknownProgrammeQuality(Refusal):
    type = "unknown-programme-quality"
    title = "Qualité de programme inconnue"
    status = 422


class ProgrammeQuality(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Treatment(StrEnum):
    AUTOMATIC = "automatic"
    DEROGATION = "derogation"
    REFUSED = "refused"


class Band(Value):
    """`over_years` < duration ≤ `up_to_years` (None: no end); basis points a year."""

    over_years: int
    up_to_years: int | None
    base_bp: Decimal


class StepPricing(Value):
    treatment: Treatment
    bands: tuple[Band, ...] = ()


class Grid(Value):
    """One version, in force from `effective_on` until the next. Basis points and rates are exact decimals;
    `discount_rate` and `cap_share` are fractions.

    Made by `load_grid`, which checks it.
    """

    version: str
    label: str
    effective_on: date
    rating_max_age_months: int
    discount_rate: Decimal
    minimum_cents: int
    cap_share: Decimal
    deferral_bp_per_started_year: Decimal
    quality_bp: dict[ProgrammeQuality, Decimal]
    steps: dict[CreditQualityStep, StepPricing]

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the content; the file's layout plays no part."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json")).encode()).hexdigest()

    def check_hash(self, expected: str) -> None:
        """Raises: GridHashMismatch."""
        if self.content_hash != expected:
            raise GridHashMismatch(f"La grille « {self.version} » n'a pas le contenu désigné par cette empreinte.")

    def base_bp(self, step: CreditQualityStep, duration_years: int) -> Decimal:
        """Raises: CommitteeDerogationNeeded, RatingRefused."""
        pricing = self.steps[step]
        if pricing.treatment is Treatment.REFUSED:
            raise RatingRefused("La cotation enregistrée exclut une tarification automatique.")
        if pricing.treatment is Treatment.DEROGATION:
            raise CommitteeDerogationNeeded("La cotation enregistrée demande une dérogation.")
        # Checked bands have no hole, so the last one that begins below the duration holds it.
        return [band.base_bp for band in pricing.bands if band.over_years < duration_years][-1]

    def deferral_bp(self, deferral_months: int) -> Decimal:
        """The add-on for each started twelve months of deferral."""
        return -(-deferral_months // MONTHS_PER_YEAR) * self.deferral_bp_per_started_year

    def programme_bp(self, quality: str) -> Decimal:
        """Raises: UnknownProgrammeQuality."""
        if quality not in frozenset(ProgrammeQuality):
            raise UnknownProgrammeQuality("La qualité de programme doit être A, B ou C.")
        return self.quality_bp[ProgrammeQuality(quality)]


# What no grid decides (DOMAIN, The premium): the fifth step takes a derogation, the sixth has no offer at all.
ALLOWED = {
    CreditQualityStep.CQS5: frozenset({Treatment.DEROGATION, Treatment.REFUSED}),
    CreditQualityStep.CQS6: frozenset({Treatment.REFUSED}),
}


def needed(grid: Grid | None) -> Grid:
    """The grid to price on. Raises: NoGridInForce."""
    if grid is None:
        raise NoGridInForce("Une grille proposée et approuvée par deux personnes doit d'abord prendre effet.")
    return grid


def load_grid(data: bytes) -> Grid:
    """A grid from the bytes of its JSON file, whose form schema.json gives. A figure is written in one way only:
    decimals are texts of at most six decimals, without exponent, sign + or idle zero.

    Raises: GridUnreadable; as check_grid.
    """
    try:
        content = json.loads(data, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_no_duplicate)
        grid = Grid.model_validate_json(data, strict=True)
        _check_written(grid, content)
    except ValueError as error:
        raise GridUnreadable(f"Le fichier de grille n'est pas conforme : {_in_french(error)}.") from error
    check_grid(grid)
    return grid


def check_grid(grid: Grid) -> None:
    """What every grid holds, whoever wrote it. Raises: GridIncomplete, GridTreatmentForbidden, GridBandsBroken,
    GridFigureOutOfRange.
    """
    missing = [str(name) for name in CreditQualityStep if name not in grid.steps]
    missing += [f"qualité {name}" for name in ProgrammeQuality if name not in grid.quality_bp]
    if missing:
        raise GridIncomplete(f"Il manque : {', '.join(missing)}.")
    for step, pricing in grid.steps.items():
        if pricing.treatment not in ALLOWED.get(step, frozenset(Treatment)):
            raise GridTreatmentForbidden("CQS5 ne se tarife jamais automatiquement, et CQS6 est toujours refusé.")
        _check_bands(step, pricing)
    _check_figures(grid)


def _no_float(number: str) -> NoReturn:
    raise ValueError(f"{number} : écrivez les décimaux entre guillemets")


def _no_duplicate(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("un nom figure deux fois dans le même objet")
    return found


def _check_written(grid: Grid, content: dict[str, Any]) -> None:
    """What was read is what stands in the file, to the letter. Raises: ValueError."""
    read = grid.model_dump(mode="json", exclude_unset=True)
    other = [name for name, written in content.items() if written != read[name]]
    bases = [band.base_bp for pricing in grid.steps.values() for band in pricing.bands]
    figures = [grid.discount_rate, grid.cap_share, grid.deferral_bp_per_started_year, *grid.quality_bp.values(), *bases]
    other += [str(figure) for figure in figures if not DECIMAL.fullmatch(str(figure))]
    if other:
        raise ValueError(f"écrivez autrement {', '.join(other)} ({MAX_DECIMALS} décimales au plus, entre guillemets)")


def _in_french(error: ValueError) -> str:
    """Where the file is wrong; libraries say it in English."""
    if fields := fields_refused(error):
        return f"champs absents, inconnus ou mal écrits : {', '.join(fields)}"
    match error:
        case json.JSONDecodeError():
            return f"JSON incorrect, ligne {error.lineno}, colonne {error.colno}"
        case UnicodeDecodeError():
            return "le texte n'est pas en UTF-8"
        case _:
            return str(error)


def _check_bands(step: CreditQualityStep, pricing: StepPricing) -> None:
    bands = pricing.bands
    if pricing.treatment is not Treatment.AUTOMATIC:
        sound = not bands
    else:
        sound = (
            bool(bands)
            and bands[0].over_years == 0
            and bands[-1].up_to_years is None
            and all(lower.up_to_years == upper.over_years > lower.over_years for lower, upper in pairwise(bands))
        )
    if not sound:
        raise GridBandsBroken(f"Les tranches de durée de {step} doivent se suivre de 0 an à « sans limite ».")


def _check_figures(grid: Grid) -> None:
    bases = [band.base_bp for pricing in grid.steps.values() for band in pricing.bands]
    within = {
        "version": bool(grid.version.strip()),
        "label": bool(grid.label.strip()),
        "rating_max_age_months": 1 <= grid.rating_max_age_months <= MAX_RATING_AGE_MONTHS,
        "discount_rate": 0 <= grid.discount_rate < 1,
        "minimum_cents": 0 <= grid.minimum_cents <= MAX_CENTS,
        "cap_share": 0 < grid.cap_share <= 1,
        "deferral_bp_per_started_year": 0 <= grid.deferral_bp_per_started_year <= MAX_DEFERRAL_BP,
        # A commission is never negative or nil, nor the whole principal every year.
        "base_bp": all(0 < base + quality < BASIS_POINTS for base in bases for quality in grid.quality_bp.values()),
    }
    wrong = [name for name, holds in within.items() if not holds]
    if wrong:
        raise GridFigureOutOfRange(f"Valeurs hors limites : {', '.join(wrong)}.")
