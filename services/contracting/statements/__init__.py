"""Bank statements as banks send them: camt.053 (ISO 20022) or CSV (docs/adr/0012)."""

from services.contracting.domain.statement import BankStatement
from services.contracting.statements import camt, table
from services.contracting.statements.values import StatementTypeNotAllowed

# What the route reads before it gives up.
MAX_BYTES = 5 * 1024 * 1024
READERS = {"application/xml": camt.read, "text/xml": camt.read, "text/csv": table.read}

__all__ = ["MAX_BYTES", "READERS", "BankStatement", "read"]


def read(content: bytes, content_type: str) -> BankStatement:
    """The one statement of a file.

    Raises: StatementTypeNotAllowed; as camt.read and table.read.
    """
    reader = READERS.get(content_type.split(";")[0].strip().lower())
    if reader is None:
        raise StatementTypeNotAllowed(f"Types admis : {', '.join(sorted(READERS))}.", allowed=sorted(READERS))
    return reader(content)
