"""What a dossier still needs, each thing named and pointed at."""

from datetime import date
from decimal import Decimal

import pytest

from services.intake.domain.checklist import Incomplete, freeze, missing
from services.intake.forms import DraftForm, FinancingForm, OperationForm
from shared.lending import LoanLimits, LoanPurpose
from shared.territory import Territory
from tests.facts import document, submitted
from tests.unit.intake.samples import PAPERS, draft, loan_form, operation_form

TERRITORY = Territory.load()
BALANCED = FinancingForm(total_cost_cents=400_000_000, equity_cents=75_000_000)


def gaps(form: DraftForm, documents=PAPERS, limits: LoanLimits | None = None) -> list[tuple[str, str]]:
    return [(one.code, one.pointer) for one in missing(form, documents, limits or LoanLimits(), TERRITORY)]


def test_a_ready_dossier_misses_nothing():
    assert gaps(draft()) == []


def test_an_empty_draft_misses_everything_at_once():
    assert gaps(DraftForm(), documents=()) == [
        ("operation-incomplete", "/operation/name"),
        ("operation-incomplete", "/operation/commune_code"),
        ("operation-incomplete", "/operation/homes"),
        ("operation-incomplete", "/operation/average_surface_m2"),
        ("operation-incomplete", "/operation/rent_per_m2_cents"),
        ("loans-missing", "/loans"),
        ("financing-incomplete", "/financing/total_cost_cents"),
        ("letter-missing", "/documents/offer_letter"),
        ("presentation-missing", "/documents/presentation"),
    ]


@pytest.mark.parametrize("field", list(OperationForm.model_fields))
def test_each_field_of_the_operation_is_asked_for(field):
    form = draft(operation=operation_form(**{field: None}))
    assert gaps(form) == [("operation-incomplete", f"/operation/{field}")]


def test_a_commune_that_does_not_exist_is_named():
    form = draft(operation=operation_form(commune_code="99999"))
    assert gaps(form) == [("unknown-commune", "/operation/commune_code")]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"duration_years": 41}, "loan-duration-outside-limits", "duration_years"),
        ({"deferral_months": 6}, "loan-deferral-not-whole-periods", "deferral_months"),
        ({"duration_years": 1, "deferral_months": 12}, "loan-deferral-longer-than-loan", "deferral_months"),
    ],
)
def test_each_loan_outside_the_limits_is_pointed_at(changes, code, field):
    land = loan_form(loan_id="foncier", purpose=LoanPurpose.LAND, principal_cents=1)
    form = draft(loans=(land, loan_form(principal_cents=324_999_999, **changes)))
    assert gaps(form) == [(code, f"/loans/1/{field}")]


def test_the_limits_are_those_given():
    assert gaps(draft(), limits=LoanLimits(max_principal_cents=100)) == [
        ("amount-out-of-range", "/loans/0/principal_cents")
    ]


def test_two_loans_do_not_share_a_name():
    form = draft(loans=(loan_form(principal_cents=1), loan_form(principal_cents=324_999_999)))
    assert gaps(form) == [("loan-ids-repeated", "/loans")]


@pytest.mark.parametrize(
    ("equity", "subsidies", "balanced"),
    [(75_000_000, 0, True), (0, 75_000_000, True), (74_999_999, 0, False), (75_000_000, 1, False)],
)
def test_the_financing_plan_adds_up_to_the_cent(equity, subsidies, balanced):
    plan = FinancingForm(total_cost_cents=400_000_000, equity_cents=equity, subsidies_cents=subsidies)
    assert (gaps(draft(financing=plan)) == []) is balanced


def test_an_unbalanced_plan_is_named():
    assert gaps(draft(financing=FinancingForm(total_cost_cents=1))) == [("financing-unbalanced", "/financing")]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("offer_letter", "presentation"), []),
        (("intent_letter", "presentation"), []),
        (("presentation",), ["letter-missing"]),
        (("offer_letter",), ["presentation-missing"]),
        (("supplement",), ["letter-missing", "presentation-missing"]),
    ],
)
def test_a_letter_of_either_kind_and_a_presentation_are_needed(kinds, expected):
    documents = [document(kind, kind) for kind in kinds]
    assert [code for code, _ in gaps(draft(), documents)] == expected


def test_what_is_frozen_holds_the_zone_of_the_day():
    bailleur = submitted().bailleur
    frozen = freeze(bailleur, draft(), iter(PAPERS), LoanLimits(), TERRITORY)
    operation = frozen.operation
    assert (operation.commune_name, operation.department, operation.zone) == ("La Rochelle", "17", "A")
    assert operation.zoning_vintage == date(2025, 9, 5)
    assert (operation.homes, operation.average_surface_m2) == (60, Decimal(62))
    assert [(one.loan_id, one.principal_cents) for one in frozen.loans] == [("batiment", 325_000_000)]
    assert (frozen.bailleur, frozen.documents) == (bailleur, PAPERS)
    assert frozen.financing.total_cost_cents == BALANCED.total_cost_cents


def test_an_incomplete_dossier_is_not_frozen_and_says_all_it_misses():
    form = draft(loans=(), operation=operation_form(name=None))
    with pytest.raises(Incomplete) as refused:
        freeze(submitted().bailleur, form, PAPERS, LoanLimits(), TERRITORY)
    named = refused.value.facts["missing"]
    assert [one["code"] for one in named] == ["operation-incomplete", "loans-missing", "financing-unbalanced"]
    assert named[0] == {
        "code": "operation-incomplete",
        "label": "Nom de l'opération",
        "pointer": "/operation/name",
    }
