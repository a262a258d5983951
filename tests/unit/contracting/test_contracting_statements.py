"""Bank statements: read whole or refused whole, taken in once, each entry on its way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracting import statements
from services.contracting.domain import statement as domain
from services.contracting.domain.reference import ours, payment_reference
from services.contracting.domain.refusals import StatementOfOtherAccount
from services.contracting.domain.statement import Import
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
from shared.auth import Role
from tests.unit.contracting.office import ACTOR, IBAN, Office, problem
from tests.unit.contracting.papers import PAYER, REFERENCE, Line, balance, camt, euros, row, stmt, table
from tests.unit.contracting.samples import NOW, OTHER, PREMIUM_CENTS, TODAY, opinion, sent

XML, CSV = "application/xml", "text/csv"
ENTITY = "<!DOCTYPE Document [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
BOMB = "<!DOCTYPE Document [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


def parsed(content: str, kind: str = XML):
    """The one statement of a file."""
    (statement,) = read(content.encode(), kind, IBAN).statements
    return statement


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


# -- what is checked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (camt(Line(), closing=1), "statement-unbalanced"),
        (camt(Line(), account="FR7630006000011234567890189"), "statement-other-account"),
        (camt(Line(), Line(cents=5)), "statement-entry-repeated"),
        (camt(Line(cents=60_000_000_001)), "amount-out-of-range"),
        (camt(Line(day="2024-06-04")), "date-in-future"),
        (camt(Line(), doctype=ENTITY), "statement-doctype"),
        (camt(Line(), Line(entry_id="B2", currency="USD")), "statement-currency"),
        (camt(Line())[:900], "statement-unreadable"),
    ],
)
async def test_a_statement_that_does_not_hold_leaves_nothing_behind(content, expected):
    office = Office()
    await office.know(sent())
    before = await office.commits.count({})
    assert problem(await office.send(content)) == expected
    assert (await office.commits.count({}), office.objects.kept) == (before, {})
    assert (await office.engagement()).paid_cents == 0


async def test_a_csv_line_of_nothing_is_refused():
    assert problem(await Office().send(table(row("0.00")), "text/csv")) == "amount-out-of-range"


async def test_a_booked_entry_of_nothing_is_left_out_and_named_and_the_account_goes_on():
    office = Office()
    await office.know(sent())
    content = camt(Line(cents=0, entry_id="FRAIS"), Line(), Line(cents=0, entry_id="INFO", sign="DBIT"))
    for _ in range(2):
        taken = (await office.send(content)).json()
        assert [one["bank_reference"] for one in taken["payments"]] == ["B2024-1"]
        assert taken["statements"][0]["entries"] == 1
        assert [notice.split(" de 0,00")[0] for notice in taken["notices"]] == ["L'écriture FRAIS", "L'écriture INFO"]
    assert (await office.engagement()).paid is not None
    assert (await office.send(camt(number="2024-112", opening=await office.opening()))).status_code == 201


async def test_a_statement_is_refused_before_it_is_read_when_it_is_too_long_or_no_statement():
    office = Office()
    assert problem(await office.send(b" " * (statements.MAX_BYTES + 1))) == "statement-too-large"
    assert problem(await office.send(b"x", "image/png")) == "statement-type-not-allowed"
    answer = await office.call("POST", "/statements", role=Role.LEGAL_OFFICER)
    assert answer.status_code == 403


async def test_a_statement_pays_the_premium_and_the_same_again_pays_nothing():
    office = Office()
    await office.know(sent())
    first = await office.send(camt(Line()))
    assert first.status_code == 201, first.text
    (paid,) = first.json()["payments"]
    assert (paid["status"], paid["queue"], paid["basis"]) == ("booked", "exact", "reference")
    commits = await office.commits.count({})
    again = await office.send(camt(Line()).replace("<MsgId>M</MsgId>", "<MsgId>resent</MsgId>"))
    assert again.json() == first.json()
    assert await office.commits.count({}) == commits
    state = await office.engagement()
    assert (state.paid_cents, state.paid is not None) == (PREMIUM_CENTS, True)
    (listed,) = (await office.call("GET", "/statements", role=Role.AUDITOR)).json()
    assert (listed["entries"], listed["credit_cents"], listed["processed"]) == (1, PREMIUM_CENTS, True)
    assert first.json()["statements"] == [listed]
    assert (listed["balances_checked"], first.json()["notices"]) == (True, [])


async def test_a_csv_pays_as_well():
    office = Office()
    await office.know(sent())
    taken = (await office.send(table(row()), CSV)).json()
    (statement,) = taken["statements"]
    assert (statement["opening_cents"], statement["balances_checked"]) == (None, False)
    assert taken["payments"][0]["queue"] == "exact"
    (notice,) = taken["notices"]
    assert "2024-111 n'indique pas de soldes" in notice


async def test_the_same_number_with_other_content_is_a_conflict():
    office = Office()
    await office.know(sent())
    await office.send(camt(Line()))
    answer = await office.send(camt(Line(), Line(entry_id="B2", cents=5)))
    assert problem(answer) == "statement-conflict"
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_an_entry_that_two_statements_tell_counts_once_and_told_otherwise_is_a_conflict():
    office = Office()
    await office.know(sent())
    await office.send(camt(Line()))
    lines = [Line(), Line(entry_id="B2", cents=5, reference="", payer="")]
    again = await office.send(camt(*lines, number="2024-112", opening=await office.opening()))
    assert again.status_code == 201
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS
    before = await office.commits.count({})
    assert problem(await office.send(camt(Line(cents=1), number="2024-113"))) == "payment-conflict"
    assert await office.commits.count({}) == before


async def test_entries_that_are_only_numbered_are_others_in_each_statement():
    office = Office()
    await office.know(sent())
    for number, day in (("2024-111", "2024-06-01"), ("2024-112", "2024-06-02")):
        lines = [Line(entry_id="", number=one, cents=one, day=day, end_to_end=f"{number}-{one}") for one in (1, 2, 3)]
        answer = await office.send(camt(*lines, number=number, opening=await office.opening()))
        assert [one["bank_reference"] for one in answer.json()["payments"]] == [f"{number}/{one}" for one in (1, 2, 3)]
    assert (await office.engagement()).paid_cents == 12


async def interrupt(office: Office, monkeypatch, content: str) -> None:
    """The statement is kept and the database goes away before its first payment."""
    await office.send_interrupted(monkeypatch, content, "payment:")


async def test_an_interrupted_import_is_finished_by_the_timer(monkeypatch):
    office = Office()
    await office.know(sent())
    await interrupt(office, monkeypatch, camt(Line()))
    await office.statements.finish_interrupted()
    assert (await office.engagement()).paid is not None
    assert [one["processed"] for one in await office.statements.listed(0, 10)] == [True]


async def test_an_import_that_cannot_be_finished_does_not_hold_up_the_others(monkeypatch):
    office = Office()
    await office.know(sent())
    await interrupt(office, monkeypatch, camt(Line()))
    later = camt(Line(entry_id="B2"), number="2024-112", opening=await office.opening())
    await interrupt(office, monkeypatch, later)
    statement = parsed(camt(Line()))
    taken = domain.payment_of(statement, statement.entries[0], NOW).payment_id
    body = {"payment_id": taken, "reference": "RF", "amount_cents": 1, "received_on": TODAY.isoformat()}
    await office.call("POST", "/payments", body)
    await office.statements.finish_interrupted()
    processed = {one["statement_id"]: one["processed"] for one in await office.statements.listed(0, 10)}
    assert processed == {"2024-111": False, "2024-112": True}
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


def test_a_statement_is_kept_once_and_finished_once():
    statement = parsed(camt(Line()))
    imported = domain.StatementImported(statement=statement, imported_by=ACTOR.actor, imported_at=NOW)
    assert domain.take_in(Import(), imported) == [imported]
    kept = Import().fold(imported)
    (processed,) = domain.finish(kept, NOW)
    done = kept.fold(processed)
    assert domain.finish(done, NOW) == []
    assert domain.take_in(done, imported) == []
    assert done.fold(opinion()) == done
    assert domain.key_of(statement) != domain.key_of(statement.model_copy(update={"statement_id": "2"}))
