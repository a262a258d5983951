"""The reference a premium is paid under."""

import hashlib
import re
from collections.abc import Iterable

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

_OURS = re.compile(r"RF\d{2}ALS\d{6}[0-9A-F]{8}")


def payment_reference(deposit_number: int, dossier_id: str) -> str:
    """A structured creditor reference (ISO 11649, `RF` and two check digits), compact, at most 25 characters.

    The deposit number is for people; the tag tells apart equal numbers of two campaigns.
    """
    tag = hashlib.sha256(dossier_id.encode()).hexdigest()[:8].upper()
    body = f"ALS{deposit_number:06d}{tag}"
    return iso11649.validate(f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}")


def compact(reference: str) -> str:
    """A reference as typed or printed, without spaces and in capitals."""
    return iso11649.compact(reference)


def ours(texts: Iterable[str]) -> set[str]:
    """Our references, valid ones only, inside what payers and banks wrote, whatever the spaces."""
    return {one for text in texts for one in _OURS.findall(compact(text)) if iso11649.is_valid(one)}


def chosen(texts: Iterable[str], otherwise: str = "") -> str:
    """The one reference of ours in `texts`; empty when there are several, `otherwise` compact when there is none."""
    found = ours(texts)
    if not found:
        return compact(otherwise)
    return found.pop() if len(found) == 1 else ""
