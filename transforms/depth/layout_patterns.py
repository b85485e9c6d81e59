"""Patterns of paths: ``{source}/{source}_{k}.jpg`` matched against the end of a file's path."""

import functools
import re
import sys

from transforms.raw.names import SOURCE, SampleName

# As the names of CoarseData have it: the two sets share their sources.
# Leading zeros are allowed, so that `3`, `03` and `0003` all are 3.
_K = r"[0-9]{1,9}"
_PLACEHOLDER = re.compile(r"\{source\}|\{k\}")


def pattern_fault(pattern: str) -> str | None:
    """What keeps a text from being a pattern, as one clause; None of a good one."""
    parts = _PLACEHOLDER.split(pattern)
    places = _PLACEHOLDER.findall(pattern)
    literal = "".join(parts)
    if not pattern.isprintable():
        return "holds a control character"
    if "{" in literal or "}" in literal:
        return "holds a brace that is neither {source} nor {k}"
    if "\\" in literal:
        return "holds a backslash; folders are parted by / on every system"
    if any(part in ("", ".", "..") for part in pattern.split("/")):
        return "must be folders and a file parted by single /, without ., .. or a / at either end"
    for wanted in ("{source}", "{k}"):
        if wanted not in places:
            return f"lacks {wanted}"
    for between, left, right in zip(parts[1:-1], places, places[1:], strict=False):
        # afw_12 by {source}{k} could be afw_ and 12, or afw_1 and 2.
        if not re.search(r"[^0-9]", between):
            return f"needs text that is not a number between {left} and {right}"
    return None


def literal_length(pattern: str) -> int:
    """How many characters of a pattern stand for themselves: the more, the narrower it is."""
    return len(_PLACEHOLDER.sub("", pattern))


def match_pattern(pattern: str, path: str) -> SampleName | None:
    """The sample whose file a path is by a pattern, k taken for the augmentation; None for any other path.

    Args:
        pattern: without a `pattern_fault`.
        path: parted by ``/``. The pattern must match its end by whole components.
    """
    match = _expression(pattern).fullmatch(path)
    if match is None:
        return None
    # A repeated {k} may be padded in one place and not in the other.
    numbers = {int(text) for name, text in match.groupdict().items() if name != "source"}
    return SampleName(sys.intern(match["source"]), numbers.pop()) if len(numbers) == 1 else None


@functools.lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression, whose groups are ``source`` and every k under a name of its own."""
    literals, places = _PLACEHOLDER.split(pattern), _PLACEHOLDER.findall(pattern)
    text = re.escape(literals[0])
    for number, (place, literal) in enumerate(zip(places, literals[1:], strict=True)):
        if place == "{k}":
            text += f"(?P<k{number}>{_K})"
        else:
            text += "(?P=source)" if "(?P<source>" in text else f"(?P<source>{SOURCE})"
        text += re.escape(literal)
    return re.compile(f"(?:.*/)?{text}", re.DOTALL)
