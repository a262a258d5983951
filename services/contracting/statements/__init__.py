"""Bank statements as banks send them: camt.053 (ISO 20022) or CSV (docs/adr/0012)."""

from services.contracting.domain.refusals import StatementOfOtherAccount
from services.contracting.domain.statement import StatementFile
from services.contracting.statements import camt, table
from services.contracting.statements.values import StatementTypeNotAllowed, iban

# What the route reads before it gives up.
MAX_BYTES = 5 * 1024 * 1024
READERS = {"application/xml": camt.read, "text/xml": camt.read, "text/csv": table.read}
SUFFIXES = {"application/xml": "xml", "text/xml": "xml", "text/csv": "csv"}

__all__ = ["MAX_BYTES", "READERS", "SUFFIXES", "StatementFile", "media_type", "read"]


def media_type(content_type: str) -> str:
    """`Text/CSV; charset=utf-8` → `text/csv`."""
    return content_type.split(";")[0].strip().lower()


def read(content: bytes, content_type: str, account: str) -> StatementFile:
    """The statements of `account` (IBAN) in a file, and which others it holds; at least one is of the account.

    Raises: StatementTypeNotAllowed, StatementOfOtherAccount; as camt.read and table.read.
    """
    reader = READERS.get(media_type(content_type))
    if reader is None:
        raise StatementTypeNotAllowed(f"Types admis\u00a0: {', '.join(sorted(READERS))}.", allowed=sorted(READERS))
    found = reader(content, iban(account))
    if not found.statements:
        raise StatementOfOtherAccount("Seuls les relevés du compte d'encaissement des primes sont importés.")
    return found
