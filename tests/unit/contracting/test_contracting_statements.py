"""Bank statements: taken in once, each entry on its way."""

import pytest

from services.contracting import statements
from services.contracting.domain import statement as domain
from services.contracting.domain.statement import Import
from shared.auth import Role
from tests.unit.contracting.cases import sent
from tests.unit.contracting.office import ACTOR, Office, problem
from tests.unit.contracting.papers import CSV, ENTITY, Line, camt, parsed, row, table
from tests.unit.contracting.samples import NOW, PREMIUM_CENTS, TODAY, opinion


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
