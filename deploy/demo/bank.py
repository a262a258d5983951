"""The bank of the scenario: camt.053 statements of the account that collects the premiums."""

from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from deploy.local.stack import PAYEE_IBAN

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
BIC = "BDFEFRPPCCT"


@dataclass(frozen=True, slots=True)
class Credit:
    """One transfer received; `name` is the bank's own."""

    name: str
    cents: int
    reference: str
    payer: str


def statement(number: str, day: date, credits_received: list[Credit], opening_cents: int) -> bytes:
    """A statement that opens where the one before closed."""
    document = Element("Document", xmlns=NAMESPACE)
    message = SubElement(document, "BkToCstmrStmt")
    header = SubElement(message, "GrpHdr")
    _text(header, "MsgId", f"CAMT-{number}")
    _text(header, "CreDtTm", f"{day}T20:00:00")
    body = SubElement(message, "Stmt")
    _text(body, "Id", number)
    _text(body, "CreDtTm", f"{day}T20:00:00")
    account = SubElement(body, "Acct")
    _text(account, "Id/IBAN", PAYEE_IBAN)
    _text(account, "Ccy", "EUR")
    _text(account, "Svcr/FinInstnId/BICFI", BIC)
    _balance(body, "OPBD", opening_cents, day)
    _balance(body, "CLBD", opening_cents + sum(credit.cents for credit in credits_received), day)
    for position, credit in enumerate(credits_received, start=1):
        _entry(body, position, credit, day)
    return tostring(document, encoding="UTF-8", xml_declaration=True)


def _balance(body: Element, code: str, cents: int, day: date) -> None:
    balance = SubElement(body, "Bal")
    _text(balance, "Tp/CdOrPrtry/Cd", code)
    _amount(balance, cents)
    _text(balance, "CdtDbtInd", "CRDT")
    _text(balance, "Dt/Dt", day.isoformat())


def _entry(body: Element, position: int, credit: Credit, day: date) -> None:
    entry = SubElement(body, "Ntry")
    _text(entry, "NtryRef", str(position))
    _amount(entry, credit.cents)
    _text(entry, "CdtDbtInd", "CRDT")
    _text(entry, "Sts/Cd", "BOOK")
    _text(entry, "BookgDt/Dt", day.isoformat())
    _text(entry, "ValDt/Dt", day.isoformat())
    _text(entry, "AcctSvcrRef", credit.name)
    _text(entry, "BkTxCd/Domn/Cd", "PMNT")
    details = SubElement(SubElement(entry, "NtryDtls"), "TxDtls")
    _text(details, "Refs/EndToEndId", credit.name)
    _text(details, "RltdPties/Dbtr/Pty/Nm", credit.payer)
    _text(details, "RmtInf/Strd/CdtrRefInf/Ref", credit.reference)


def _amount(parent: Element, cents: int) -> None:
    amount = SubElement(parent, "Amt", Ccy="EUR")
    amount.text = f"{cents // 100}.{cents % 100:02}"


def _text(parent: Element, path: str, text: str) -> None:
    """A new element with a text, and those above it."""
    for step in path.split("/"):
        parent = SubElement(parent, step)
    parent.text = text
