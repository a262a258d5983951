"""camt.053 documents as banks write them, version 2 or 8, and the CSV export."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from services.contracting.domain.reference import payment_reference
from services.contracting.statements import read
from tests.unit.contracting.office import FIRST_OPENING, IBAN
from tests.unit.contracting.samples import DOSSIER, PREMIUM_CENTS, TODAY

REFERENCE = payment_reference(12, DOSSIER)
PAYER = "Bailleur d'essai"
XML, CSV = "application/xml", "text/csv"
ENTITY = "<!DOCTYPE Document [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
BOMB = "<!DOCTYPE Document [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"


@dataclass(frozen=True)
class Line:
    cents: int = PREMIUM_CENTS
    entry_id: str = "B2024-1"
    reference: str = REFERENCE
    text: str = ""
    payer: str = PAYER
    sign: str = "CRDT"
    end_to_end: str = "NOTPROVIDED"
    currency: str = "EUR"
    status: str = "BOOK"
    day: str = TODAY.isoformat()
    amount: str | None = None
    number: int = 1
    reversal: bool = False
    return_reason: str = ""

    @property
    def signed(self) -> int:
        return (self.cents if self.sign == "CRDT" else -self.cents) if self.status == "BOOK" else 0


def euros(cents: int) -> str:
    return f"{abs(cents) // 100}.{abs(cents) % 100:02}"


def balance(code: str, cents: int, currency: str = "EUR") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{euros(cents)}</Amt>"
        f"<CdtDbtInd>{'CRDT' if cents >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>2024-06-03</Dt></Dt></Bal>"
    )


def entry(line: Line, version: int) -> str:
    party = "Dbtr" if line.sign == "CRDT" else "Cdtr"
    named = f"<Nm>{escape(line.payer)}</Nm>"
    status = f"<Cd>{line.status}</Cd>" if version >= 8 else line.status
    remittance = f"<Strd><CdtrRefInf><Ref>{line.reference}</Ref></CdtrRefInf></Strd>" if line.reference else ""
    remittance = f"<Ustrd>{escape(line.text)}</Ustrd>{remittance}" if line.text else remittance
    reversal = "<RvslInd>true</RvslInd>" if line.reversal else ""
    returned = f"<RtrInf><Rsn><Cd>{line.return_reason}</Cd></Rsn></RtrInf>" if line.return_reason else ""
    return (
        f"<Ntry><NtryRef>{line.number}</NtryRef><Amt Ccy='{line.currency}'>{line.amount or euros(line.cents)}</Amt>"
        f"<CdtDbtInd>{line.sign}</CdtDbtInd>{reversal}<Sts>{status}</Sts><BookgDt><Dt>{line.day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{line.entry_id}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{line.end_to_end}</EndToEndId>"
        f"</Refs><RltdPties><{party}>{f'<Pty>{named}</Pty>' if version >= 8 else named}</{party}>"
        f"<{party}Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></{party}Acct></RltdPties>"
        f"<RmtInf>{remittance}</RmtInf>{returned}</TxDtls></NtryDtls></Ntry>"
    )


def camt(
    *lines: Line, number: str = "2024-111", version: int = 8, opening: int = FIRST_OPENING, closing=None, **more
) -> str:
    """A document with one statement; `closing` is what the lines make of the opening unless given."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>{more.get('doctype', '')}"
        f"<Document xmlns='{namespace}'><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>"
        f"{stmt(*lines, number=number, version=version, opening=opening, closing=closing, **more)}"
        f"{more.get('others', '')}</BkToCstmrStmt></Document>"
    )


def stmt(
    *lines: Line, number: str, version: int = 8, opening: int = FIRST_OPENING, closing: int | None = None, **more: str
) -> str:
    """A `Stmt` alone, to put beside another as `others`."""
    end = opening + sum(line.signed for line in lines) if closing is None else closing
    body = "".join(entry(line, version) for line in lines) + more.get("entries", "")
    return (
        f"<Stmt><Id>{number}</Id>"
        f"<Acct><Id><IBAN>{more.get('account', IBAN)}</IBAN></Id><Ccy>{more.get('currency', 'EUR')}</Ccy></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', end)}{body}</Stmt>"
    )


HEADER = "account;statement_id;entry_id;booked_on;direction;amount;currency;reference;payer;payer_iban;end_to_end_id"


def row(amount: str = euros(PREMIUM_CENTS), entry_id: str = "B2024-1", direction: str = "credit", **more: str) -> str:
    return (
        f"{more.get('account', IBAN)};{more.get('number', '2024-111')};{entry_id};{more.get('day', TODAY.isoformat())};"
        f"{direction};{amount};{more.get('currency', 'EUR')};{REFERENCE};{PAYER};;"
    )


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def parsed(content: str, kind: str = XML):
    """The one statement of a file."""
    (statement,) = read(content.encode(), kind, IBAN).statements
    return statement
