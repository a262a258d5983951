"""A statement's file is read whole or refused whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting.domain.reference import ours, payment_reference
from services.contracting.domain.refusals import StatementOfOtherAccount
from services.contracting.statements import read
from services.contracting.statements.values import (
    MAX_ENTRIES,
    StatementAmount,
    StatementColumnMissing,
    StatementCurrency,
    StatementDoctype,
    StatementRefused,
    StatementTooLarge,
    StatementTypeNotAllowed,
    StatementUnreadable,
)
from services.contracting.statements.values import cents as cents_of
from tests.unit.contracting.office import IBAN
from tests.unit.contracting.papers import (
    BOMB,
    CSV,
    ENTITY,
    PAYER,
    REFERENCE,
    Line,
    balance,
    camt,
    euros,
    parsed,
    row,
    stmt,
    table,
)
from tests.unit.contracting.samples import OTHER, PREMIUM_CENTS, TODAY


@pytest.mark.parametrize("version", [2, 8, 13])
def test_every_version_of_camt_053_reads_the_same(version):
    statement = parsed(camt(Line(end_to_end="E2E-1"), version=version))
    (entry,) = statement.entries
    assert (statement.account, statement.statement_id) == (IBAN, "2024-111")
    assert (statement.opening_cents, statement.closing_cents) == (100_00, 100_00 + PREMIUM_CENTS)
    assert (entry.amount_cents, entry.direction, entry.booked_on) == (PREMIUM_CENTS, "credit", TODAY)
    assert (entry.reference, entry.payer, entry.end_to_end_id) == (REFERENCE, PAYER, "E2E-1")
    assert (entry.entry_id, entry.payer_iban) == ("B2024-1", "FR7630006000011234567890189")


def test_a_reference_is_found_in_what_the_payer_wrote_whatever_its_spaces():
    spaced = " ".join(REFERENCE[at : at + 4] for at in range(0, len(REFERENCE), 4))
    (entry,) = parsed(camt(Line(reference="", text=f"Prime {spaced} résidence 2024"))).entries
    assert entry.reference == REFERENCE
    wrong = REFERENCE[:-1] + ("0" if REFERENCE[-1] != "0" else "1")
    assert ours([f"ref {wrong}"]) == set()


OTHER_REFERENCE = payment_reference(13, OTHER)


@pytest.mark.parametrize(
    ("remittance", "expected"),
    [
        ("<Strd>{foreign}</Strd><Strd>{ours}</Strd>", REFERENCE),
        ("<Strd>{foreign}</Strd><Ustrd>Prime {reference}</Ustrd>", REFERENCE),
        ("<Strd><AddtlRmtInf>prime {reference}</AddtlRmtInf></Strd>", REFERENCE),
        ("<Ustrd>Facture 12</Ustrd><Ustrd>Prime {reference}</Ustrd>", REFERENCE),
        ("<Ustrd>Prime {head}</Ustrd><Ustrd>{tail} merci</Ustrd>", REFERENCE),
        ("<Strd>{ours}</Strd><Ustrd>Prime {reference}</Ustrd>", REFERENCE),
        ("<Strd>{ours}</Strd><Ustrd>et {other}</Ustrd>", ""),
        ("<Strd>{foreign}</Strd>", "RF18539007547034"),
        ("<Strd><CdtrRefInf><Ref>NOTPROVIDED</Ref></CdtrRefInf></Strd>", ""),
        ("<Ustrd>Facture 12</Ustrd>", ""),
    ],
)
def test_our_reference_is_looked_for_wherever_the_payer_can_write(remittance, expected):
    written = remittance.format(
        foreign="<CdtrRefInf><Ref>RF18 5390 0754 7034</Ref></CdtrRefInf>",
        ours=f"<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{REFERENCE}</Ref></CdtrRefInf>",
        reference=REFERENCE,
        other=OTHER_REFERENCE,
        head=REFERENCE[:10],
        tail=REFERENCE[10:],
    )
    given = f"<RmtInf><Strd><CdtrRefInf><Ref>{REFERENCE}</Ref></CdtrRefInf></Strd></RmtInf>"
    document = camt(Line())
    assert given in document
    (entry,) = parsed(document.replace(given, f"<RmtInf>{written}</RmtInf>")).entries
    assert entry.reference == expected


@pytest.mark.parametrize(("text", "expected"), [("prime {} merci", REFERENCE), ("fact. 12", "FACT12"), ("nonref", "")])
def test_a_csv_gives_our_reference_or_what_is_written(text, expected):
    (entry,) = parsed(table(row().replace(REFERENCE, text.format(REFERENCE))), CSV).entries
    assert entry.reference == expected


def test_an_entry_that_is_not_booked_yet_waits_for_its_day():
    statement = parsed(camt(Line(), Line(entry_id="P", status="PDNG", cents=1)))
    assert [entry.entry_id for entry in statement.entries] == ["B2024-1"]


def batch(*amounts: str, total: str, old: bool = False) -> str:
    inner = "".join(
        f"<TxDtls><Refs><TxId>T{number}</TxId></Refs>"
        + (f"<AmtDtls><TxAmt><Amt Ccy='EUR'>{one}</Amt></TxAmt></AmtDtls>" if old else f"<Amt Ccy='EUR'>{one}</Amt>")
        + "</TxDtls>"
        for number, one in enumerate(amounts)
    )
    return (
        f"<Ntry><Amt Ccy='EUR'>{total}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><DtTm>{TODAY}T08:00:00</DtTm></BookgDt><AcctSvcrRef>BATCH</AcctSvcrRef>"
        f"<NtryDtls>{inner}</NtryDtls></Ntry>"
    )


@pytest.mark.parametrize("old", [True, False])
def test_a_batch_is_read_transaction_by_transaction(old):
    statement = parsed(camt(entries=batch("1.00", "2.50", total="3.50", old=old), closing=103_50))
    assert [(one.entry_id, one.amount_cents) for one in statement.entries] == [("BATCH/T0", 100), ("BATCH/T1", 250)]
    with pytest.raises(StatementUnreadable, match="détail"):
        parsed(camt(entries=batch("1.00", "2.50", total="3.51", old=old), closing=103_51))


@pytest.mark.parametrize("amounts", [("", ""), ("<Amt Ccy='EUR'>1.00</Amt>", "")])
def test_a_batch_that_does_not_tell_each_amount_is_one_movement_for_a_person(amounts):
    inner = "".join(f"<TxDtls>{one}<RmtInf><Ustrd>{REFERENCE}</Ustrd></RmtInf></TxDtls>" for one in amounts)
    whole = batch(total="3.50").replace("<NtryDtls></NtryDtls>", f"<NtryDtls>{inner}</NtryDtls>")
    (entry,) = parsed(camt(entries=whole, closing=103_50)).entries
    assert (entry.entry_id, entry.amount_cents, entry.reference, entry.payer) == ("BATCH", 350, "", "")


def test_the_parts_of_a_batch_without_references_are_numbered():
    unnamed = batch("1.00", "2.50", total="3.50").replace("T0", "NOTPROVIDED").replace("T1", "notprovided")
    statement = parsed(camt(entries=unnamed.replace("BATCH", "NONREF"), closing=103_50))
    assert [one.entry_id for one in statement.entries] == ["2024-111/1/1", "2024-111/1/2"]


@pytest.mark.parametrize("absent", ["NONREF", "nonref", "NOTPROVIDED", "NOT PROVIDED", " ", ""])
def test_what_a_bank_writes_for_no_reference_is_no_reference(absent):
    lines = [Line(entry_id=absent, number=7, cents=1, end_to_end=absent), Line(entry_id=absent, number=7, cents=2)]
    statement = parsed(camt(*lines))
    assert [one.entry_id for one in statement.entries] == ["2024-111/1", "2024-111/2"]
    assert [one.end_to_end_id for one in statement.entries] == ["", ""]


def test_an_entry_without_details_is_itself():
    plain = (
        "<Ntry><NtryRef>N1</NtryRef><Amt Ccy='EUR'>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{TODAY}</Dt></BookgDt><AddtlNtryInf>Frais {REFERENCE}</AddtlNtryInf></Ntry>"
    )
    (entry,) = parsed(camt(entries=plain, closing=99_00)).entries
    assert (entry.entry_id, entry.signed_cents, entry.reference, entry.payer) == ("2024-111/1", -100, REFERENCE, "")


def test_an_overdrawn_account_has_a_negative_balance():
    statement = parsed(camt(Line(cents=150), opening=-100))
    assert (statement.opening_cents, statement.closing_cents) == (-100, 50)


def test_a_bank_that_gives_the_closing_of_the_day_before_is_understood():
    assert parsed(camt(Line()).replace("OPBD", "PRCD")).opening_cents == 100_00


def test_a_csv_reads_like_a_statement_without_balances():
    statement = parsed("\ufeff" + table(row(), row("0.5", "B2024-2", "debit")), "text/csv; charset=utf-8")
    assert (statement.opening_cents, statement.closing_cents) == (None, None)
    assert [entry.signed_cents for entry in statement.entries] == [PREMIUM_CENTS, -50]
    assert statement.entries[0] == parsed(camt(Line())).entries[0].model_copy(update={"payer_iban": ""})


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (camt(Line())[:-40], StatementUnreadable),
        ("", StatementUnreadable),
        ("%PDF-1.7", StatementUnreadable),
        ("<Document/>", StatementUnreadable),
        (camt(Line()).replace("camt.053", "camt.054"), StatementUnreadable),
        (camt(Line(), doctype=ENTITY), StatementDoctype),
        (camt(Line(), doctype=BOMB), StatementDoctype),
        (camt(Line(), doctype="<!DOCTYPE Document>"), StatementDoctype),
        (camt(Line(currency="USD")), StatementCurrency),
        (camt(Line(), currency="CHF"), StatementCurrency),
        (camt(Line()).replace(balance("OPBD", 100_00), balance("OPBD", 100_00, "USD")), StatementCurrency),
        (camt(Line(amount="1,00")), StatementAmount),
        (camt(Line(amount="1.005")), StatementAmount),
        (camt(Line(amount="-1.00")), StatementAmount),
        (camt(Line(amount="1e3")), StatementAmount),
        (camt(Line(day="03/06/2024")), StatementUnreadable),
        (camt(Line(entry_id="9" * 141)), StatementUnreadable),
        (camt(Line(sign="??")), StatementUnreadable),
        (camt(Line()).replace("<Bal>", "<Other>").replace("</Bal>", "</Other>"), StatementUnreadable),
        (camt(Line(), number=""), StatementUnreadable),
        (camt(Line(), number="NOTPROVIDED"), StatementUnreadable),
        (camt(Line(), account=""), StatementUnreadable),
        (camt(Line(), others=stmt(number="2024-111", opening=1_00)), StatementUnreadable),
        (camt(Line(), account="FR7630006000011234567890189"), StatementOfOtherAccount),
        (camt(Line()).split("<Stmt>")[0] + "</BkToCstmrStmt></Document>", StatementUnreadable),
        (camt(Line(), number="9" * 141), StatementUnreadable),
        (camt(Line()).replace("<Stmt>", "<Stmt></Stmt><Stmt>"), StatementUnreadable),
        (camt(Line()).replace(f"<Amt Ccy='EUR'>{euros(PREMIUM_CENTS)}</Amt>", ""), StatementUnreadable),
    ],
)
def test_a_document_that_is_not_a_sound_statement_is_refused_by_name(content, refusal):
    with pytest.raises(StatementRefused) as refused:
        parsed(content)
    assert type(refused.value) is refusal
    assert refused.value.detail != refused.value.title


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (table(row()).replace(";amount;", ";montant;"), StatementColumnMissing),
        ("", StatementColumnMissing),
        (table(row("1,50")), StatementAmount),
        (table(row("1.505")), StatementAmount),
        (table(row("-1.50")), StatementAmount),
        (table(row("1 000.00")), StatementAmount),
        (table(row(currency="USD")), StatementCurrency),
        (table(row(direction="crédit")), StatementUnreadable),
        (table(row(day="2024-13-01")), StatementUnreadable),
        (table(row() + ";extra"), StatementUnreadable),
        (table(row()[:40]), StatementUnreadable),
        (table(row(), row(entry_id="B2", number="2024-112")), StatementUnreadable),
        (table(), StatementUnreadable),
        (table(row(entry_id="NONREF")), StatementUnreadable),
        (table(row(account="")), StatementUnreadable),
        (table(row(account="FR7630006000011234567890189")), StatementOfOtherAccount),
        (table('"unclosed'), StatementUnreadable),
    ],
)
def test_a_csv_that_does_not_hold_is_refused_by_name(content, refusal):
    with pytest.raises(StatementRefused) as refused:
        parsed(content, CSV)
    assert type(refused.value) is refusal


def test_bytes_that_are_not_utf_8_are_no_csv():
    with pytest.raises(StatementUnreadable):
        read(table(row(entry_id="é")).encode("latin-1"), CSV, IBAN)


def test_other_types_and_longer_statements_are_refused():
    with pytest.raises(StatementTypeNotAllowed):
        parsed(camt(Line()), "application/pdf")
    many = [row("0.01", str(number)) for number in range(MAX_ENTRIES)]
    assert len(parsed(table(*many), CSV).entries) == MAX_ENTRIES
    with pytest.raises(StatementTooLarge):
        parsed(table(*many, row("0.01", "one more")), CSV)


@given(st.integers(0, 99_999_999_999_999))
def test_an_amount_is_read_to_the_cent(cents):
    assert cents_of(euros(cents), "") == cents
