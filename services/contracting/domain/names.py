"""Names compared as people read them: accents, case, punctuation and order of the words play no part."""

import re
import unicodedata

_WORDS = re.compile(r"[a-z0-9]+")


def words_of(name: str) -> frozenset[str]:
    return frozenset(normalised(name).split())


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the words of two names may be the same one's: equal, or all of one, two at least, within the other.

    Registers and certificates write every forename.
    """
    shorter, longer = sorted((one, other), key=len)
    return bool(shorter) and (shorter == longer or (len(shorter) > 1 and shorter <= longer))


def normalised(name: str) -> str:
    """The words of a name in alphabetical order, without accents, in lower case; empty when it has none."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("œ", "oe").replace("æ", "ae"))
    letters = "".join(one for one in plain if not unicodedata.combining(one)).replace("'", " ").replace("’", " ")
    return " ".join(sorted(_WORDS.findall(letters)))
