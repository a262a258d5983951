"""What both formats share: how amounts, days and currencies are written, and what is wrong with a file."""

import re
from datetime import date

from services.contracting.domain.refusals import StatementRefused

MAX_ENTRIES = 1_000
MAX_TEXT = 140
CURRENCY = "EUR"
# What banks write where they have no reference to give.
_ABSENT = ("NONREF", "NOTPROVIDED")
_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)


class StatementTypeNotAllowed(StatementRefused):
    type = "statement-type-not-allowed"
    title = "Format de relevé non admis"
    status = 415


class StatementTooLarge(StatementRefused):
    type = "statement-too-large"
    title = "Relevé trop volumineux"
    status = 413


class StatementUnreadable(StatementRefused):
    type = "statement-unreadable"
    title = "Relevé illisible ou incomplet"


class StatementDoctype(StatementRefused):
    type = "statement-doctype"
    title = "Le relevé contient une déclaration de type ou une entité"


class StatementColumnMissing(StatementRefused):
    type = "statement-column-missing"
    title = "Une colonne manque au relevé"


class StatementCurrency(StatementRefused):
    type = "statement-currency"
    title = "Le relevé n'est pas en euros"


class StatementAmount(StatementRefused):
    type = "statement-amount"
    title = "Montant mal écrit"


def cents(text: str, pointer: str) -> int:
    """`1250.5` → 125050. Raises: StatementAmount for a comma, a sign, or more than two decimals."""
    written = _AMOUNT.fullmatch(text.strip())
    if written is None:
        raise StatementAmount("Un montant s'écrit en euros avec un point et deux décimales au plus.", pointer=pointer)
    return int(written[1]) * 100 + int((written[2] or "").ljust(2, "0"))


def given(text: str) -> str:
    """A reference as written; empty when the bank says that there is none."""
    written = text.strip()
    return "" if written.replace(" ", "").upper() in _ABSENT else written


def iban(text: str) -> str:
    return text.replace(" ", "").upper()


def day(text: str, pointer: str) -> date:
    """Raises: StatementUnreadable."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise StatementUnreadable("Une date s'écrit AAAA-MM-JJ.", pointer=pointer) from None


def check_euros(currency: str, pointer: str) -> None:
    """Raises: StatementCurrency."""
    if currency != CURRENCY:
        raise StatementCurrency("Seuls les relevés en euros sont importés.", pointer=pointer)


def check_count(count: int) -> None:
    """Raises: StatementTooLarge."""
    if count > MAX_ENTRIES:
        raise StatementTooLarge(f"Le relevé compte plus de {MAX_ENTRIES} écritures.", limit=MAX_ENTRIES)


def name(text: str, pointer: str) -> str:
    """The bank's number of a statement or an entry. Raises: StatementUnreadable when it is missing or too long."""
    written = given(text)
    if not 0 < len(written) <= MAX_TEXT:
        raise StatementUnreadable("Un numéro de relevé ou d'écriture manque ou est trop long.", pointer=pointer)
    return written
