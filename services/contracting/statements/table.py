"""A statement exported as CSV: UTF-8, semicolons, one line a movement, amounts as `1250.50`."""

import csv
import io

from services.contracting.domain.facts import Direction
from services.contracting.domain.reference import chosen
from services.contracting.domain.statement import BankStatement, OtherStatement, StatementEntry, StatementFile
from services.contracting.statements.values import (
    MAX_TEXT,
    StatementColumnMissing,
    StatementUnreadable,
    cents,
    check_count,
    check_euros,
    day,
    given,
    iban,
    name,
)

COLUMNS = (
    "account",
    "statement_id",
    "entry_id",
    "booked_on",
    "direction",
    "amount",
    "currency",
    "reference",
    "payer",
    "payer_iban",
    "end_to_end_id",
)


def read(content: bytes, account: str) -> StatementFile:
    """The one statement of a CSV file; it names no balance. Other columns are ignored.

    Raises: StatementUnreadable, StatementColumnMissing, StatementCurrency, StatementAmount, StatementTooLarge.
    """
    rows = _rows(content)
    numbers = {(iban(row["account"]), row["statement_id"].strip()) for row in rows}
    if len(numbers) != 1:
        raise StatementUnreadable("Un fichier CSV porte un seul relevé d'un seul compte.", statements=len(numbers))
    ((of, number),) = numbers
    if name(of, "/rows/0/account") != account:
        return StatementFile((), (OtherStatement(account=of, statement_id=number),))
    check_count(len(rows))
    statement = BankStatement(
        account=account,
        statement_id=name(number, "/rows/0/statement_id"),
        opening_cents=None,
        closing_cents=None,
        entries=tuple(_entry(row, f"/rows/{position}") for position, row in enumerate(rows)),
    )
    return StatementFile((statement,))


def _rows(content: bytes) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise StatementColumnMissing(f"Il manque : {', '.join(missing)}.", missing=missing)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise StatementUnreadable("Le fichier n'est pas un CSV lisible en UTF-8.") from None
    for position, row in enumerate(rows):
        if None in row or None in row.values():
            raise StatementUnreadable("Une ligne n'a pas le nombre de colonnes annoncé.", pointer=f"/rows/{position}")
    return rows


def _entry(row: dict[str, str], pointer: str) -> StatementEntry:
    check_euros(row["currency"].strip(), f"{pointer}/currency")
    try:
        direction = Direction(row["direction"].strip())
    except ValueError:
        raise StatementUnreadable("Le sens s'écrit credit ou debit.", pointer=f"{pointer}/direction") from None
    return StatementEntry(
        entry_id=name(row["entry_id"], f"{pointer}/entry_id"),
        booked_on=day(row["booked_on"], f"{pointer}/booked_on"),
        amount_cents=cents(row["amount"], f"{pointer}/amount"),
        direction=direction,
        reference=chosen([row["reference"]], given(row["reference"]))[:MAX_TEXT],
        payer=row["payer"].strip()[:MAX_TEXT],
        payer_iban=iban(row["payer_iban"])[:MAX_TEXT],
        end_to_end_id=given(row["end_to_end_id"])[:MAX_TEXT],
    )
