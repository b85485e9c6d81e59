"""How sure a line of a proposal is, and why."""

from typing import Literal, NamedTuple, TypeAlias

Sureness: TypeAlias = Literal["sure", "guess", "unknown"]


class Evidence(NamedTuple):
    """Why a line says what it says.

    Attributes:
        sureness: ``sure``: the files leave no other reading; ``guess``: likely, to be checked; ``unknown``: the files
            do not say, and the value is a mere default.
        said: what was seen.
    """

    sureness: Sureness
    said: str

    def __str__(self) -> str:
        """As the comment behind a line."""
        return f"{self.sureness}: {self.said}"


# Of photographs with different faces, poses and lights, so many that agree in this share leave little doubt.
SURE_SAMPLES, SURE_SHARE, LIKELY_SHARE = 5, 0.9, 0.7


def by_votes(votes: int, of: int, said: str) -> Evidence:
    """How sure a choice is that so many of some samples speak for, and the others against."""
    if of >= SURE_SAMPLES and votes >= SURE_SHARE * of:
        return Evidence("sure", said)
    return Evidence("guess" if of and votes >= LIKELY_SHARE * of else "unknown", said)


def of_sources(evidence: Evidence, sources: int) -> Evidence:
    """The evidence of samples of so many sources: those of one show one face in one pose, and are no two witnesses."""
    if evidence.sureness == "sure" and sources < SURE_SAMPLES:
        return Evidence("guess", f"{evidence.said}, of only {sources} sources")
    return evidence
