"""camt.053 BankToCustomerStatement, any version: elements by their ISO 20022 names, whatever the namespace's number.

Doctypes, entities and external references are refused by the parser before anything is read (docs/adr/0012).
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.contracting.domain.facts import Direction
from services.contracting.domain.reference import chosen, ours
from services.contracting.domain.statement import BankStatement, OtherStatement, StatementEntry, StatementFile
from services.contracting.statements.values import (
    CURRENCY,
    MAX_TEXT,
    StatementDoctype,
    StatementUnreadable,
    cents,
    check_count,
    check_euros,
    day,
    given,
    iban,
    name,
)

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d{2}")
DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}
# Opening booked, or the closing of the day before where a bank gives that instead.
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
BOOKED = "BOOK"
TRUE = ("true", "1")


def read(content: bytes, account: str) -> StatementFile:
    """The statements of a camt.053 document; entries that are not booked yet are left to the day they are.

    Banks book entries of 0.00 (an information, a fee waived): they are named apart.
    Raises: StatementUnreadable, StatementDoctype, StatementCurrency, StatementAmount, StatementTooLarge.
    """
    own, ignored, empty = list[BankStatement](), list[OtherStatement](), list[str]()
    for position, element in enumerate(_statements(_parsed(content))):
        pointer = f"/Stmt/{position}"
        of = iban(_text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id"))
        if name(of, f"{pointer}/Acct/Id") == account:
            whole = _statement(element, account, pointer)
            empty += [one.entry_id for one in whole.entries if one.amount_cents == 0]
            moving = tuple(one for one in whole.entries if one.amount_cents)
            own.append(whole.model_copy(update={"entries": moving}))
        else:
            ignored.append(OtherStatement(account=of, statement_id=_text(element, "Id")[:MAX_TEXT]))
    check_count(sum(len(one.entries) for one in own))
    if len({one.statement_id for one in own}) != len(own):
        raise StatementUnreadable("Deux relevés du fichier portent le même numéro.", pointer="/Stmt")
    return StatementFile(tuple(own), tuple(ignored), tuple(empty))


def _parsed(content: bytes) -> Element:
    try:
        return fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise StatementDoctype("Un relevé bancaire n'en contient jamais : vérifiez sa provenance.") from None
    except (ParseError, ValueError, LookupError):
        raise StatementUnreadable("Le fichier n'est pas du XML complet : demandez-le à nouveau à la banque.") from None


def _statements(document: Element) -> list[Element]:
    namespace, _, root = document.tag.rpartition("}")
    if root != "Document" or not NAMESPACE.fullmatch(namespace.removeprefix("{")):
        raise StatementUnreadable("Le fichier n'est pas un relevé camt.053.")
    found = _all(document, "BkToCstmrStmt/Stmt")
    if not found:
        raise StatementUnreadable("Le fichier ne porte aucun relevé.")
    return found


def _statement(element: Element, account: str, pointer: str) -> BankStatement:
    check_euros(_text(element, "Acct/Ccy") or CURRENCY, f"{pointer}/Acct/Ccy")
    statement_id = name(_text(element, "Id"), f"{pointer}/Id")
    entries = [
        one
        for position, entry in enumerate(_all(element, "Ntry"), start=1)
        for one in _entries(entry, f"{statement_id}/{position}", f"{pointer}/Ntry/{position - 1}")
    ]
    return BankStatement(
        account=account,
        statement_id=statement_id,
        opening_cents=_balance(element, OPENING, pointer),
        closing_cents=_balance(element, CLOSING, pointer),
        entries=tuple(entries),
    )


def _entries(entry: Element, place: str, pointer: str) -> Iterator[StatementEntry]:
    """The booked movements of an entry: its transactions when it sums up several that each tell their amount,
    otherwise itself. Where the bank gives an entry no reference of its own its `place` in the statement stands in.
    """
    if (_text(entry, "Sts/Cd") or _text(entry, "Sts")) != BOOKED:
        return
    total, direction = _amount(entry, "Amt", pointer), _direction(entry, pointer)
    booked_on = day(_text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm"), f"{pointer}/BookgDt")
    own = given(_text(entry, "AcctSvcrRef"))
    entry_id = name(own, f"{pointer}/AcctSvcrRef") if own else place
    details = _all(entry, "NtryDtls/TxDtls")
    if len(details) <= 1:
        yield _movement(entry_id, booked_on, total, direction, details[0] if details else entry, entry)
        return
    found = [_transaction_cents(one, f"{pointer}/TxDtls/{position}") for position, one in enumerate(details)]
    amounts = [amount for amount in found if amount is not None]
    if len(amounts) < len(details):
        yield _movement(entry_id, booked_on, total, direction, entry, entry)
        return
    if sum(amounts) != total:
        raise StatementUnreadable("Le détail d'une écriture n'en donne pas le montant.", pointer=pointer)
    for position, (one, amount) in enumerate(zip(details, amounts, strict=True), start=1):
        part_id = given(_text(one, "Refs/AcctSvcrRef")) or given(_text(one, "Refs/TxId")) or str(position)
        yield _movement(f"{entry_id}/{part_id}", booked_on, amount, direction, one, entry)


def _movement(
    entry_id: str, booked_on, amount_cents: int, direction: Direction, details: Element, entry: Element
) -> StatementEntry:
    party = "Dbtr" if direction is Direction.CREDIT else "Cdtr"
    payer = _text(details, f"RltdPties/{party}/Pty/Nm") or _text(details, f"RltdPties/{party}/Nm")
    return StatementEntry(
        entry_id=entry_id,
        booked_on=booked_on,
        amount_cents=amount_cents,
        direction=direction,
        reference=_reference(details, entry),
        payer=payer[:MAX_TEXT],
        payer_iban=iban(_text(details, f"RltdPties/{party}Acct/Id/IBAN"))[:MAX_TEXT],
        end_to_end_id=given(_text(details, "Refs/EndToEndId"))[:MAX_TEXT],
        reversal=_text(entry, "RvslInd") in TRUE or bool(_all(details, "RtrInf")),
    )


def _reference(details: Element, entry: Element) -> str:
    """Ours, wherever the payer or the bank wrote it; else the first structured reference. Several of ours are none:
    a person tells them apart.
    """
    structured = [" ".join(one.itertext()) for one in _all(details, "RmtInf/Strd")]
    written = [one.text or "" for one in _all(details, "RmtInf/Ustrd")]
    # A long text is cut into lines anywhere: ours may begin on one and end on the next.
    remittance = [*structured, *written, " ".join(written)]
    first = given(_text(details, "RmtInf/Strd/CdtrRefInf/Ref"))
    return chosen(remittance if ours(remittance) else [_text(entry, "AddtlNtryInf")], first)[:MAX_TEXT]


def _transaction_cents(details: Element, pointer: str) -> int | None:
    """A transaction's own amount: `Amt` since version 4, `AmtDtls/TxAmt/Amt` before. None where it has none."""
    path = "Amt" if _all(details, "Amt") else "AmtDtls/TxAmt/Amt"
    return _amount(details, path, pointer) if _all(details, path) else None


def _balance(statement: Element, codes: tuple[str, ...], pointer: str) -> int:
    for code in codes:
        for position, balance in enumerate(_all(statement, "Bal")):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                where = f"{pointer}/Bal/{position}"
                amount = _amount(balance, "Amt", where)
                return amount if _direction(balance, where) is Direction.CREDIT else -amount
    raise StatementUnreadable(f"Le solde {codes[0]} manque au relevé.", pointer=f"{pointer}/Bal")


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
