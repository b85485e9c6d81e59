"""Samples that cannot be used, each with its file, the stage that found it, and the reason."""

import dataclasses


class BadSample(ValueError):  # noqa: N818  (the reason is what a reader looks for, not the word Error)
    """A sample cannot be used.

    Attributes:
        reason: a short fixed name to count by, for example ``number_count``.
        detail: the value seen and what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        """Takes the reason's name and the detail."""
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclasses.dataclass(frozen=True, order=True)
class Reject:
    """One rejected sample, as it is listed in ``rejected.jsonl``.

    Attributes:
        key: the sample's key.
        file: the file at fault, relative to its input folder.
        stage: the step that rejected it: Plan, or a step of the graph.
        reason: a short fixed name to count by.
        detail: the value seen and what was expected.
    """

    key: str
    file: str
    stage: str
    reason: str
    detail: str
