"""Amounts written out in French, as contracts state them beside the figures."""

from num2words import num2words

# Nouns, not numerals: what they count follows with « de ».
COUNTING_NOUNS = ("million", "millions", "milliard", "milliards")


def euros_in_words(amount_cents: int) -> str:
    """325000005 → « trois millions deux cent cinquante mille euros et cinq centimes »; 0 and 1 are singular."""
    assert amount_cents >= 0, "contracts state what is owed"
    euros, cents = divmod(amount_cents, 100)
    whole = _counted(euros, "euro")
    if not cents:
        return whole
    part = _counted(cents, "centime")
    return f"{whole} et {part}" if euros else f"{part} d'euro"


def _counted(number: int, unit: str) -> str:
    words = num2words(number, lang="fr")
    if words.rpartition(" ")[2] in COUNTING_NOUNS:
        return f"{words} d'{unit}s"
    return f"{words} {unit}" if number < 2 else f"{words} {unit}s"
