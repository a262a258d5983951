from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import MAX_CENTS, AmountOutOfRange, check_cents, format_euros, round_half_up


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0", 0), ("0.49", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999999999999999999999999", 2), ("-0.5", -1)],
)
def test_halves_round_up(amount: str, cents: int):
    assert round_half_up(Decimal(amount)) == cents


def test_rounding_does_not_depend_on_the_callers_context():
    with localcontext(prec=2):
        assert round_half_up(Decimal("60000000000.5")) == 60_000_000_001


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (325_000_000, "3\u202f250\u202f000,00\u00a0€"),
        (10_048_815, "100\u202f488,15\u00a0€"),
        (MAX_CENTS, "600\u202f000\u202f000,00\u00a0€"),
        (99_999, "999,99\u00a0€"),
        (5, "0,05\u00a0€"),
        (0, "0,00\u00a0€"),
        (-123_456, "\u22121\u202f234,56\u00a0€"),
    ],
)
def test_euros_are_written_the_french_way(cents: int, written: str):
    assert format_euros(cents) == written


@given(st.integers(-MAX_CENTS, MAX_CENTS))
def test_no_cent_is_lost_in_writing(cents: int):
    written = format_euros(cents).removesuffix("\u00a0€").replace("\u202f", "").replace("\u2212", "-")
    assert int(written.replace(",", "")) == cents


@pytest.mark.parametrize("cents", [0, 1, MAX_CENTS])
def test_an_amount_within_the_limits_passes(cents: int):
    check_cents(cents)


@pytest.mark.parametrize("cents", [-1, MAX_CENTS + 1])
def test_an_amount_outside_the_limits_is_refused_where_it_stands(cents: int):
    with pytest.raises(AmountOutOfRange) as refused:
        check_cents(cents, pointer="/amount_cents")
    assert refused.value.pointer == "/amount_cents"
    assert "600\u202f000\u202f000,00\u00a0€" in refused.value.detail
