"""Small pieces of HTML. Every function escapes the text it is given, but for what is named ``html``."""

import re
from collections.abc import Iterable, Sequence
from html import escape

# Control characters, which file names may hold, have no place in HTML.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def text(value: object) -> str:
    """Any value as text within HTML."""
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def note(words: str) -> str:
    """A remark."""
    return f'<p class="note">{text(words)}</p>'


def section(title: str, *html: str) -> str:
    """A part of the page under its title."""
    return "\n".join([f"<section><h2>{text(title)}</h2>", *html, "</section>"])


def tiles(numbers: Iterable[tuple[str, str]]) -> str:
    """A row of numbers, each with what it counts."""
    inner = "".join(
        f'<div class="tile"><b>{text(number)}</b><span>{text(what)}</span></div>' for number, what in numbers
    )
    return f'<div class="tiles">{inner}</div>'


def facts(entries: Iterable[tuple[str, str]]) -> str:
    """Names and values, a line each."""
    inner = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in entries)
    return f'<div class="card"><dl>{inner}</dl></div>'


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers_from: int, total: bool = False) -> str:
    """A table that scrolls sideways where the screen is narrow.

    Args:
        head: titles of the columns.
        rows: cells of each row; whole numbers get thousands separators.
        numbers_from: the first column of numbers, set flush right; those after it are numbers, too.
        total: whether the last row is a sum.
    """
    kinds = ["" if column < numbers_from else ' class="number"' for column in range(len(head))]
    lines = [[_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows]
    body = [
        f"<tr{' class=total' if total and row == len(lines) - 1 else ''}>{''.join(cells)}</tr>"
        for row, cells in enumerate(lines)
    ]
    titles = "".join(f"<th{kind}>{text(title)}</th>" for title, kind in zip(head, kinds, strict=True))
    wide = ' class="long"' if numbers_from >= len(head) else ""
    return (
        f'<div class="scroll"><table{wide}><thead><tr>{titles}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def number(value: float, decimals: int, sign: str = "") -> str:
    """A number with a true minus sign, which is as wide as a digit, and none before 0; ``sign`` as of format()."""
    return f"{round(value, decimals) + 0.0:{sign}.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def plot_figures(drawn: Iterable[str]) -> str:
    """Plots, given as SVG, side by side."""
    return '<div class="plots">' + "\n".join(f"<figure>{svg}</figure>" for svg in drawn) + "</div>"


def _cell(value: object, kind: str) -> str:
    shown = f"{value:,}" if isinstance(value, int) else value
    return f"<td{kind}>{text(shown)}</td>"
