"""camt.053 BankToCustomerStatement, any version: elements by their ISO 20022 names, whatever the namespace's number.

Doctypes, entities and external references are refused by the parser before anything is read (docs/adr/0012).
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.contracting.domain.facts import Direction
from services.contracting.domain.reference import compact, find
from services.contracting.domain.statement import BankStatement, StatementEntry
from services.contracting.statements.values import (
    MAX_TEXT,
    StatementDoctype,
    StatementUnreadable,
    cents,
    check_count,
    check_euros,
    day,
    name,
)

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d{2}")
DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}
# Opening booked, or the closing of the day before where a bank gives that instead.
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
BOOKED = "BOOK"
NOT_PROVIDED = "NOTPROVIDED"
TRUE = ("true", "1")


def read(content: bytes) -> BankStatement:
    """The one statement of a camt.053 document; entries that are not booked yet are left to the day they are.

    Raises: StatementUnreadable, StatementDoctype, StatementCurrency, StatementAmount, StatementTooLarge.
    """
    statement = _statement(_parsed(content))
    check_euros(_text(statement, "Acct/Ccy") or "EUR", "/Acct/Ccy")
    statement_id = name(_text(statement, "Id"), "/Id")
    elements = _all(statement, "Ntry")
    entries = [
        one for position, entry in enumerate(elements) for one in _entries(entry, statement_id, f"/Ntry/{position}")
    ]
    check_count(len(entries))
    return BankStatement(
        account=name(_text(statement, "Acct/Id/IBAN"), "/Acct/Id/IBAN").replace(" ", ""),
        statement_id=statement_id,
        opening_cents=_balance(statement, OPENING),
        closing_cents=_balance(statement, CLOSING),
        entries=tuple(entries),
    )


def _parsed(content: bytes) -> Element:
    try:
        return fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise StatementDoctype("Un relevé bancaire n'en contient jamais : vérifiez sa provenance.") from None
    except (ParseError, ValueError, LookupError):
        raise StatementUnreadable("Le fichier n'est pas du XML complet : demandez-le à nouveau à la banque.") from None


def _statement(document: Element) -> Element:
    namespace, _, root = document.tag.rpartition("}")
    if root != "Document" or not NAMESPACE.fullmatch(namespace.removeprefix("{")):
        raise StatementUnreadable("Le fichier n'est pas un relevé camt.053.")
    found = _all(document, "BkToCstmrStmt/Stmt")
    if len(found) != 1:
        raise StatementUnreadable("Un fichier porte un seul relevé.", statements=len(found))
    return found[0]


def _entries(entry: Element, statement_id: str, pointer: str) -> Iterator[StatementEntry]:
    """The booked movements of an entry: its transactions when it sums up several, otherwise itself."""
    if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != BOOKED:
        return
    total, direction = _amount(entry, "Amt", pointer), _direction(entry, pointer)
    booked_on = day(_text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm"), f"{pointer}/BookgDt")
    entry_id = _entry_id(entry, statement_id, pointer)
    details = _all(entry, "NtryDtls/TxDtls")
    if len(details) <= 1:
        yield _movement(entry_id, booked_on, total, direction, details[0] if details else entry, entry)
        return
    amounts = [_transaction_cents(one, f"{pointer}/TxDtls/{position}") for position, one in enumerate(details)]
    if sum(amounts) != total:
        raise StatementUnreadable("Le détail d'une écriture n'en donne pas le montant.", pointer=pointer)
    for position, (one, amount) in enumerate(zip(details, amounts, strict=True), start=1):
        part_id = _text(one, "Refs/AcctSvcrRef") or _text(one, "Refs/TxId") or str(position)
        yield _movement(f"{entry_id}/{part_id}", booked_on, amount, direction, one, entry)


def _entry_id(entry: Element, statement_id: str, pointer: str) -> str:
    """The bank's own reference. Without one the entry's number, which most banks begin again in each statement."""
    own = _text(entry, "AcctSvcrRef")
    if own:
        return name(own, f"{pointer}/AcctSvcrRef")
    return f"{statement_id}/{name(_text(entry, 'NtryRef'), f'{pointer}/NtryRef')}"


def _movement(
    entry_id: str, booked_on, amount_cents: int, direction: Direction, details: Element, entry: Element
) -> StatementEntry:
    party = "Dbtr" if direction is Direction.CREDIT else "Cdtr"
    end_to_end = _text(details, "Refs/EndToEndId")
    payer = _text(details, f"RltdPties/{party}/Pty/Nm") or _text(details, f"RltdPties/{party}/Nm")
    return StatementEntry(
        entry_id=entry_id,
        booked_on=booked_on,
        amount_cents=amount_cents,
        direction=direction,
        reference=_reference(details, entry),
        payer=payer[:MAX_TEXT],
        payer_iban=_text(details, f"RltdPties/{party}Acct/Id/IBAN")[:MAX_TEXT],
        end_to_end_id="" if end_to_end == NOT_PROVIDED else end_to_end[:MAX_TEXT],
        reversal=_text(entry, "RvslInd") in TRUE or bool(_all(details, "RtrInf")),
    )


def _reference(details: Element, entry: Element) -> str:
    """The structured creditor reference; otherwise ours, wherever the payer wrote it."""
    structured = _text(details, "RmtInf/Strd/CdtrRefInf/Ref")
    if structured:
        return compact(structured)[:MAX_TEXT]
    written = [one.text or "" for one in _all(details, "RmtInf/Ustrd")]
    return find(" ".join([*written, _text(entry, "AddtlNtryInf")])) or ""


def _transaction_cents(details: Element, pointer: str) -> int:
    """A transaction's own amount: `Amt` since version 4, `AmtDtls/TxAmt/Amt` before."""
    path = "Amt" if _all(details, "Amt") else "AmtDtls/TxAmt/Amt"
    return _amount(details, path, pointer)


def _balance(statement: Element, codes: tuple[str, ...]) -> int:
    for code in codes:
        for position, balance in enumerate(_all(statement, "Bal")):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                pointer = f"/Bal/{position}"
                amount = _amount(balance, "Amt", pointer)
                return amount if _direction(balance, pointer) is Direction.CREDIT else -amount
    raise StatementUnreadable(f"Le solde {codes[0]} manque au relevé.", pointer="/Bal")


def _amount(parent: Element, path: str, pointer: str) -> int:
    found = _all(parent, path)
    if len(found) != 1:
        raise StatementUnreadable("Un montant manque.", pointer=f"{pointer}/{path}")
    check_euros(found[0].get("Ccy", ""), f"{pointer}/{path}")
    return cents(found[0].text or "", f"{pointer}/{path}")


def _direction(parent: Element, pointer: str) -> Direction:
    direction = DIRECTIONS.get(_text(parent, "CdtDbtInd"))
    if direction is None:
        raise StatementUnreadable("Le sens d'une écriture ou d'un solde manque.", pointer=f"{pointer}/CdtDbtInd")
    return direction


def _all(parent: Element, path: str) -> list[Element]:
    return parent.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def _text(parent: Element, path: str) -> str:
    """The text of the first element at `path`; empty when there is none."""
    found = _all(parent, path)
    return (found[0].text or "").strip() if found else ""
