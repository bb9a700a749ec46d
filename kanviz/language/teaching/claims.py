"""Define the records of a certificate of teaching, their text and their JSON."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from kanviz.errors import LoadError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import counted

FORMAT = "kanviz language certificate 1"
EMBEDDED = 50_000  # characters of the longest text that is stored in the certificate itself
MOST = 2**53
WITHOUT_END = {"everywhere": math.inf, "nowhere": -math.inf}  # where a gate is closed, in JSON
CERTIFICATE = JsonReader("The certificate cannot be read: {why}. Write it again with kanviz language certify.")


@dataclass(frozen=True, slots=True)
class GateClaim:
    """A gate in front of added units. closed_until: the z up to which it is 0, in nats, infinite where it never opens ·
    points, locked: its control points, and those locked at 0.
    """

    closed_until: float
    points: int
    locked: int

    @staticmethod
    def read(found: JsonValue) -> "GateClaim":
        points = found["points"].whole(2, MOST)
        closed = WITHOUT_END.get(found["closed_until"].value if isinstance(found["closed_until"].value, str) else "")
        if closed is None:
            closed = found["closed_until"].number(-1e6, 1e6)
        return GateClaim(closed, points, found["locked"].whole(0, points))

    def to_json(self) -> dict[str, Any]:
        words = {value: word for word, value in WITHOUT_END.items()}
        return asdict(self) | {"closed_until": words.get(self.closed_until, self.closed_until)}


@dataclass(frozen=True, slots=True)
class TextClaim:
    """The predictions of a text. characters, sha256: of the text · context: of the windows that it is read in ·
    predictions: how many, a character after each but the last of all · certain: those proven to be unchanged ·
    identical: those found to have the same bits · largest: the largest change of a probability · text: the text itself,
    where it is short.
    """

    characters: int
    sha256: str
    context: int
    predictions: int
    certain: int
    identical: int
    largest: float
    text: str | None

    @staticmethod
    def read(found: JsonValue) -> "TextClaim":
        count = found["predictions"].whole(1, MOST)
        return TextClaim(
            found["characters"].whole(2, MOST), found["sha256"].digest(), found["context"].whole(1, MOST), count,
            found["certain"].whole(0, count), found["identical"].whole(0, count), found["largest"].number(0, 1),
            found.get("text").maybe(lambda text: text.text(EMBEDDED)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LanguageCertificate:
    """A record of what teaching left unchanged in a language model.

    version: of kanviz · before, after: digests of the models · numbers, numbers_same: of the model before, and those
    with the same bits after · gates: of what was added · ungated: additions without a gate · text: the predictions of a
    text · seal: SHA-256 of all that, which reveals an edit; a forged seal is found only by computing the claims again.

    >>> from kanviz.language import LanguageModel, Sizes
    >>> from kanviz.language.teaching.certificate import certify_teaching
    >>> from kanviz.language.teaching.claims import LanguageCertificate
    >>> model = LanguageModel(Sizes("gelu", width=16, parameters=1_000))
    >>> found = certify_teaching(model, model, "To be, or not to be")
    >>> found.summary()[0]
    '18 of 18 predictions cannot have changed.'
    >>> found == LanguageCertificate.from_json(found.to_json()) == found.sealed()
    True
    """

    version: str
    before: str
    after: str
    numbers: int
    numbers_same: int
    gates: tuple[GateClaim, ...]
    ungated: int
    text: TextClaim
    seal: str = ""

    @property
    def proven(self) -> bool:
        """Whether the old numbers are all unchanged, and gates stand in front of all that was added."""
        return self.numbers_same == self.numbers and not self.ungated

    def summary(self) -> tuple[str, ...]:
        """Return in sentences what is certain, why, and what was measured."""
        claim = self.text
        if self.proven:
            until = min((gate.closed_until for gate in self.gates), default=math.inf)
            where = "" if until == math.inf else f" The same holds for any window whose z stays below {until:.1f} nats."
            why = f"Why: all {counted(self.numbers, 'number')} are bit-identical, and nothing was added."
            if self.gates:
                behind = f"what was added stands behind {counted(len(self.gates), 'gate')}"
                why = (
                    f"Why: all {counted(self.numbers, 'number')} of the old model are bit-identical, and {behind}, "
                    f"closed over the whole window of these predictions.{where}"
                )
        else:
            changed = self.numbers - self.numbers_same
            parts = [f"{counted(changed, 'number')} of the old model changed"] if changed else []
            parts += [f"{counted(self.ungated, 'addition')} without a gate"] if self.ungated else []
            why = f"Why: {' and '.join(parts)}, so any prediction may have changed."
        others = f"; of the others, the largest change of a probability is {claim.largest:.2g}"
        found = f"{claim.identical:,} are bit-identical{others if claim.identical < claim.predictions else ''}"
        return (
            f"{claim.certain:,} of {counted(claim.predictions, 'prediction')} cannot have changed.",
            why,
            f"Found: {found}.",
        )

    def sealed(self) -> "LanguageCertificate":
        """Return the certificate with the seal of its content."""
        text = json.dumps(self.to_json() | {"seal": ""}, sort_keys=True, allow_nan=False)
        return replace(self, seal=hashlib.sha256(text.encode()).hexdigest())

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; a gate that never opens is closed "everywhere", one that never closes "nowhere"."""
        return {"format": FORMAT, **asdict(self), "gates": [gate.to_json() for gate in self.gates]}

    @staticmethod
    def from_json(record: Any) -> "LanguageCertificate":
        """Read the certificate that `to_json` wrote. Raises LoadError, which states the fault, for anything else."""
        found = CERTIFICATE.value(record)
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise LoadError(
                f"This is not a certificate of teaching that this kanviz reads: its format is not {FORMAT!r}."
            )
        numbers = found["numbers"].whole(1, MOST)
        return LanguageCertificate(
            found["version"].text(100), found["before"].digest(), found["after"].digest(), numbers,
            found["numbers_same"].whole(0, numbers), found["gates"].each(GateClaim.read),
            found["ungated"].whole(0, MOST), TextClaim.read(found["text"]), found["seal"].digest(),
        )  # fmt: skip


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
