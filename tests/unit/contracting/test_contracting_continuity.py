"""Statements follow each other, a broken chain takes two people, the bank's files are kept: through the interface."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.contracting.domain.account import StatementFollowed
from services.contracting.domain.statement import BankStatement, StatementImported, key_of
from shared.auth import Role
from shared.errors import Unavailable
from shared.events import decode
from tests.unit.contracting.cases import sent
from tests.unit.contracting.office import ACTOR, FIRST_OPENING, IBAN, RETENTION_DAYS, Office, problem
from tests.unit.contracting.papers import Line, camt, row, stmt, table
from tests.unit.contracting.samples import NOW, PREMIUM_CENTS

OTHER_IBAN = "FR7630006000011234567890189"


@pytest.fixture
async def office() -> Office:
    made = Office()
    await made.know(sent())
    return made


def line(number: int, cents: int = 5) -> Line:
    return Line(cents=cents, entry_id=f"E{number}", reference="", payer=f"Payeur {number}")


async def test_a_statement_out_of_turn_leaves_nothing_behind(office):
    assert (await office.send(camt(line(1)))).status_code == 201
    commits, files = await office.commits.count({}), dict(office.objects.kept)
    answer = await office.send(camt(Line(), number="2024-113", opening=100_06))
    assert problem(answer) == "statement-gap"
    assert (answer.json()["opening_cents"], answer.json()["expected_cents"]) == (100_06, 100_05)
    assert "s'ouvre sur 100,06\u00a0€" in answer.json()["detail"]
    assert (await office.commits.count({}), office.objects.kept) == (commits, files)
    assert (await office.send(camt(line(2, 1), number="2024-112", opening=100_05))).status_code == 201
    assert (await office.send(camt(Line(), number="2024-113", opening=100_06))).status_code == 201
    assert (await office.send(camt(line(1)))).json()["statements"][0]["statement_id"] == "2024-111"
    assert await office.opening() == 100_06 + PREMIUM_CENTS


async def test_of_two_statements_at_once_one_has_the_turn(office, monkeypatch):
    """Two processes that both read the account before either wrote: the stream decides."""
    await office.send(camt(line(1)))
    offices = office, Office(commits=office.commits)
    read_by_both = asyncio.Barrier(2)
    for one in offices:

        async def put(*args, store=one.objects.put, **options):
            await read_by_both.wait()
            return await store(*args, **options)

        monkeypatch.setattr(one.objects, "put", put)
    both = [camt(line(number), number=f"2024-11{number}", opening=100_05) for number in (2, 3)]
    answers = await asyncio.gather(*[one.send(content) for one, content in zip(offices, both, strict=True)])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert [problem(one) for one in answers if one.status_code == 409] == ["statement-gap"]
    (won,) = [one.json()["statements"][0]["statement_id"] for one in answers if one.status_code == 201]
    assert await followed(office) == ["2024-111", won]


async def test_a_csv_moves_no_balance_and_says_so(office):
    await office.send(camt(line(1)))
    answer = await office.send(table(row(number="CSV-1")), "text/csv")
    assert "n'indique pas de soldes" in answer.json()["notices"][0]
    assert await office.opening() == 100_05


async def test_a_chain_that_broke_goes_on_when_two_people_say_where(office):
    await office.send(camt(line(1)))
    path, asked = "/collection-account", {"balance_cents": 12_00, "reason": "Relevé 2024-112 perdu par la banque"}
    assert problem(await office.call("POST", f"{path}/opening-balance", asked, Role.AUDITOR)) == "forbidden"
    assert problem(await office.call("POST", f"{path}/opening-balance", asked | {"reason": " "})) == "reason-required"
    made = await office.call("POST", f"{path}/opening-balance", asked)
    assert made.status_code == 201
    proposal = made.json()["proposal"]
    assert (proposal["balance_cents"], proposal["proposed_by"]) == (12_00, "user:accountant-1")
    confirmation = f"{path}/opening-balance/{proposal['proposal_id']}/confirmation"
    assert problem(await office.call("POST", confirmation)) == "two-people-needed"
    assert problem(await office.call("POST", f"{path}/opening-balance/none/confirmation")) == "opening-balance-outdated"
    assert problem(await office.call("POST", confirmation, None, Role.AUDITOR)) == "forbidden"
    assert problem(await office.send(camt(Line(), number="2024-113", opening=12_00))) == "statement-gap"
    done = (await office.call("POST", confirmation, person=2)).json()
    assert (done["expected_opening_cents"], done["proposal"]) == (12_00, None)
    assert done["confirmed"]["confirmed_by"] == "user:accountant-2"
    assert (await office.send(camt(Line(), number="2024-113", opening=12_00))).status_code == 201
    read = (await office.call("GET", path, None, Role.AUDITOR)).json()
    assert (read["account"], read["last_statement_id"]) == (IBAN, "2024-113")
    assert read["last_closing_cents"] == read["expected_opening_cents"] == 12_00 + PREMIUM_CENTS


async def test_an_account_nothing_was_imported_of_expects_nothing(office):
    read = (await office.call("GET", "/collection-account")).json()
    assert read == {"account": IBAN} | dict.fromkeys(
        ("last_statement_id", "last_closing_cents", "expected_opening_cents", "proposal", "confirmed")
    )


# -- several statements in a file ------------------------------------------------------------------------------------


async def test_a_file_of_several_accounts_brings_those_of_ours_and_names_the_others(office):
    """What is wrong in a statement of another account is no business of ours."""
    others = stmt(number="AUTRE-1", account=OTHER_IBAN, currency="USD", opening=1) + stmt(
        line(2), number="2024-112", opening=100_05
    )
    answer = (await office.send(camt(line(1), others=others))).json()
    assert [one["statement_id"] for one in answer["statements"]] == ["2024-111", "2024-112"]
    assert [one["bank_reference"] for one in answer["payments"]] == ["E1", "E2"]
    (notice,) = answer["notices"]
    assert f"Le relevé AUTRE-1 du compte {OTHER_IBAN} est ignoré" in notice
    commits = await office.commits.count({})
    assert (await office.send(camt(line(1), others=others))).json() == answer
    assert await office.commits.count({}) == commits


async def test_a_file_whose_first_statement_is_known_brings_the_rest(office):
    await office.send(camt(line(1)))
    answer = await office.send(camt(line(1), others=stmt(line(2), number="2024-112", opening=100_05)))
    assert [one["processed"] for one in answer.json()["statements"]] == [True, True]
    assert await office.opening() == 100_10


async def test_an_account_known_by_another_number_than_an_iban_is_another(office):
    other = stmt(number="AUTRE-1", account="X").replace("<IBAN>X</IBAN>", "<Othr><Id>00042</Id></Othr>")
    answer = (await office.send(camt(line(1), others=other))).json()
    assert "du compte 00042" in answer["notices"][0]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (stmt(line(2), number="2024-112", opening=100_06), "statement-gap"),
        (stmt(line(2), number="2024-112", opening=100_05, closing=1), "statement-unbalanced"),
        (stmt(line(1), number="2024-112", opening=100_05), "statement-entry-repeated"),
        (stmt(line(2), number="2024-112", opening=100_05, currency="USD"), "statement-currency"),
    ],
)
async def test_one_wrong_statement_refuses_the_whole_file(office, others, expected):
    before = await office.commits.count({})
    assert problem(await office.send(camt(line(1), others=others))) == expected
    assert (await office.commits.count({}), office.objects.kept) == (before, {})


async def test_a_file_of_other_accounts_only_is_refused(office):
    answer = await office.send(camt(line(1), account=OTHER_IBAN, others=stmt(number="2", account="FR76")))
    assert problem(answer) == "statement-other-account"


# -- the bank's file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "kind"), [(camt(Line()), "text/xml; charset=utf-8"), (table(row()), "text/csv")])
async def test_the_banks_file_is_kept_locked_and_can_be_had_again(office, content, kind):
    (taken,) = (await office.send(content, kind)).json()["statements"]
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert taken["file_sha256"] == digest
    (key,) = office.objects.kept
    assert key.startswith(f"statements/{digest}.")
    assert office.objects.locks == {key: NOW + timedelta(days=RETENTION_DAYS)}
    path = f"/statements/{taken['import_id']}/file"
    for role in (Role.ACCOUNTANT, Role.AUDITOR):
        answer = await office.call("GET", path, None, role)
        assert (answer.status_code, answer.content) == (200, content.encode())
        assert answer.headers["content-type"].split(";")[0] == kind.split(";")[0]
        assert "attachment" in answer.headers["content-disposition"]
    assert problem(await office.call("GET", path, None, Role.LEGAL_OFFICER)) == "forbidden"


async def test_a_file_that_changed_in_the_store_is_not_given_out(office):
    (taken,) = (await office.send(camt(Line()))).json()["statements"]
    (key,) = office.objects.kept
    office.objects.kept[key] += b" "
    path = f"/statements/{taken['import_id']}/file"
    assert problem(await office.call("GET", path)) == "document-altered"
    assert problem(await office.call("GET", f"/statements/{'0' * 32}/file")) == "not-found"


async def test_what_was_imported_before_files_were_kept_still_reads(office):
    told = BankStatement(account=IBAN, statement_id="OLD", opening_cents=1, closing_cents=1, entries=())
    old = {"statement": told.model_dump(mode="json"), "imported_by": ACTOR.actor, "imported_at": NOW}
    event = decode("StatementImported", old)
    assert isinstance(event, StatementImported)
    assert (event.file, event.ignored) == (None, ())
    key = key_of(event.statement)
    await office.imports.append(key, lambda _: [event], ACTOR)
    (listed,) = (await office.call("GET", "/statements")).json()
    assert (listed["import_id"], listed["file_sha256"]) == (key, None)
    assert problem(await office.call("GET", f"/statements/{key}/file")) == "statement-file-not-kept"


async def test_a_store_that_is_away_imports_nothing(office, monkeypatch):
    async def away(*_, **__):
        raise Unavailable("objects")

    before = await office.commits.count({})
    monkeypatch.setattr(office.objects, "put", away)
    assert (await office.send(camt(Line()))).status_code == 503
    assert await office.commits.count({}) == before


# -- an outage between the turn and the import -----------------------------------------------------------------------


async def interrupt(office: Office, monkeypatch, content: str) -> None:
    """The statement has its turn and the database goes away before it is imported."""
    await office.send_interrupted(monkeypatch, content, "statement:")
    assert await office.statements.listed(0, 10) == []


async def followed(office: Office) -> list[str]:
    events = [event async for event in office.accounts.events(IBAN)]
    return [event.statement_id for event in events if isinstance(event, StatementFollowed)]


async def test_a_statement_that_has_its_turn_is_imported_by_the_timer_as_its_sender_sent_it(office, monkeypatch):
    await interrupt(office, monkeypatch, camt(Line()))
    assert (await office.send(camt(line(2), number="2024-112", opening=await office.opening()))).status_code == 201
    await office.statements.finish_interrupted()
    await office.statements.finish_interrupted()
    assert (await office.statements.state()).pending == ()
    statements = await office.statements.listed(0, 10)
    assert {one["statement_id"]: one["processed"] for one in statements} == {"2024-111": True, "2024-112": True}
    (key,) = [one["_id"] for one in statements if one["statement_id"] == "2024-111"]
    kept = (await office.imports.load(key)).state.imported
    assert (kept.imported_by, kept.imported_at) == ("user:accountant-1", NOW)
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS
    assert await followed(office) == ["2024-111", "2024-112"]


async def test_a_statement_that_has_its_turn_is_imported_when_it_is_sent_again(office, monkeypatch):
    await interrupt(office, monkeypatch, camt(Line()))
    assert problem(await office.send(camt(Line(), opening=1))) == "statement-conflict"
    assert (await office.send(camt(Line()))).status_code == 201
    assert (await office.statements.state()).pending == ()
    assert await followed(office) == ["2024-111"]
    assert (await office.engagement()).paid_cents == PREMIUM_CENTS


async def test_a_file_that_was_lost_does_not_hold_up_other_statements(office, monkeypatch):
    await interrupt(office, monkeypatch, camt(Line()))
    office.objects.kept.clear()
    await office.statements.finish_interrupted()
    assert [one.statement_id for one in (await office.statements.state()).pending] == ["2024-111"]
    assert (await office.send(camt(Line()))).status_code == 201
    assert (await office.statements.state()).pending == ()


# -- an export of the same statement in between ----------------------------------------------------------------------


BOTH = (Line(cents=7), Line(cents=5, entry_id="B2"))


async def all_told(office: Office) -> None:
    """The turn is over, every entry is a payment once, and the next statement has its turn."""
    assert (await office.statements.state()).pending == ()
    assert (await office.engagement()).paid_cents == 12
    answer = await office.send(camt(line(3), number="2024-112", opening=FIRST_OPENING + 12))
    assert answer.status_code == 201, answer.text


async def test_a_statement_whose_export_was_imported_after_its_turn_is_taken_in_by_the_timer(office, monkeypatch):
    await interrupt(office, monkeypatch, camt(*BOTH))
    assert (await office.send(table(row("0.07")), "text/csv")).status_code == 201
    for _ in range(2):
        await office.statements.finish_interrupted()
    await all_told(office)


async def test_a_statement_and_its_export_at_once_are_one_statement(office, monkeypatch):
    append = office.accounts.append

    async def overtaken(*args):
        monkeypatch.setattr(office.accounts, "append", append)
        done = await append(*args)
        assert (await office.send(table(row("0.07")), "text/csv")).status_code == 201
        return done

    monkeypatch.setattr(office.accounts, "append", overtaken)
    assert (await office.send(camt(*BOTH))).status_code == 201
    await all_told(office)


async def test_two_exports_of_one_number_with_other_content_are_a_conflict(office, monkeypatch):
    read_by_both = asyncio.Barrier(2)
    put = office.objects.put

    async def wait(*args, **options):
        await read_by_both.wait()
        return await put(*args, **options)

    monkeypatch.setattr(office.objects, "put", wait)
    both = [office.send(table(row("0.07", name)), "text/csv") for name in ("B1", "B2")]
    answers = await asyncio.gather(*both)
    assert [problem(one) for one in answers if one.status_code != 201] == ["statement-conflict"]


async def test_an_export_that_tells_an_entry_with_another_amount_is_left_to_a_person(office, monkeypatch):
    await interrupt(office, monkeypatch, camt(*BOTH))
    await office.send(table(row("0.08")), "text/csv")
    with capture_logs() as logs:
        await office.statements.finish_interrupted()
    assert [one["reason"] for one in logs if one["event"] == "statement_needs_person"] == ["payment-conflict"]
    assert len((await office.statements.state()).pending) == 1
