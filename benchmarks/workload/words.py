"""Names and prose from a seed: plain sentences of about twelve words."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

_STARTS = ("al", "be", "cor", "da", "el", "fen", "gar", "hol", "is", "ju", "kel", "lor", "mar")
_MIDDLES = ("ba", "de", "li", "mo", "na", "ri", "so", "ta", "ve", "wi")
_ENDS = ("dra", "len", "mic", "nor", "ris", "ton", "va")
_KINDS = ("scan", "fusion", "implant", "infusion", "repair", "therapy", "brace", "graft")
_REGIONS = ("back", "neck", "hip", "knee", "heart", "lung", "hand", "foot")

_SUBJECTS = (
    "The reviewer", "Your doctor", "The clinic", "The plan", "A second reviewer", "The letter",
    "Your chart", "The request form", "The policy", "The office that bills", "The nurse line",
    "A specialist", "The appeal team", "The medical director", "The person who signs",
)  # fmt: skip
_VERBS = (
    "looks for", "asks for", "needs", "leaves out", "quotes", "compares", "weighs", "returns",
    "counts", "reads", "misses", "records", "confirms", "questions", "sets aside",
)  # fmt: skip
_OBJECTS = (
    "the dated visit notes", "the earlier treatment that failed", "a list of symptoms by week",
    "the test result with its date", "the exact words of the rule", "the code on the claim",
    "a short letter from the specialist", "the number of weeks in care", "the plan's own rule",
    "the name of the drug that was tried", "a photograph of the report", "the first denial letter",
    "the page that names the criterion", "a measure of pain and function", "the signed order",
)  # fmt: skip
_TAILS = (
    "before it decides", "when the file is opened", "and says so on the second page",
    "in the order in which they happened", "so that nothing has to be guessed",
    "within the time that the letter gives", "and keeps a copy with the date",
    "even where the first request was short", "because the rule says it in those words",
    "and sends it by fax and by post", "while the first answer is still open",
    "unless a doctor writes why it cannot wait", "and marks the line that matters",
)  # fmt: skip
_WORD = re.compile(r"\w[\w'-]*")


def payer_names(count: int) -> list[str]:
    """Return `count` one-word names of insurers."""
    return _invented(count, "payers")


def procedure_names(count: int) -> list[tuple[str, str]]:
    """Return `count` procedures as (short name, name)."""
    names = []
    for number, word in enumerate(_invented(count, "procedures")):
        kind = _KINDS[number % len(_KINDS)]
        region = _REGIONS[number // len(_KINDS) % len(_REGIONS)]
        names.append((f"{word} {kind}", f"{word} {kind} of the {region}"))
    return names


def _invented(count: int, seed: str) -> list[str]:
    words = [
        f"{start}{middle}{end}".capitalize()
        for start in _STARTS
        for middle in _MIDDLES
        for end in _ENDS
    ]
    random.Random(seed).shuffle(words)
    return words[:count]


def count(text: str) -> int:
    """Return how many words a text has."""
    return len(_WORD.findall(text))


class Prose:
    """Sentences from one seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def sentence(self) -> str:
        """Return one sentence."""
        choose = self._random.choice
        return f"{choose(_SUBJECTS)} {choose(_VERBS)} {choose(_OBJECTS)} {choose(_TAILS)}."

    def phrase(self) -> str:
        """Return a few words without a full stop."""
        return self._random.choice(_OBJECTS)

    def paragraph(self, words: int) -> str:
        """Return sentences of at least `words` words together."""
        return " ".join(self._sentences(words))

    def _sentences(self, words: int) -> Iterator[str]:
        made = 0
        while made < words:
            sentence = self.sentence()
            made += count(sentence)
            yield sentence
