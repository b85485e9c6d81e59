"""Pieces of HTML, and the frame and style of the page. All text is escaped, except arguments named ``html``."""

import re
from collections.abc import Iterable, Sequence
from html import escape

from transforms.pictures import colours

# Control characters, which file names may contain, are not allowed in HTML.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_VARIABLES = {
    "ink": colours.INK,
    "soft": colours.SOFT,
    "line": colours.LINE,
    "back": colours.BACK,
    "empty": colours.EMPTY,
    "good": colours.GOOD,
    "bad": colours.BAD,
    "difference": ", ".join(colours.DIFFERENCE),
}
_CSS = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 27px; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; margin: 0 0 4px; }
h1 span { color: var(--soft); font-weight: 400; }
h2 { font-size: 18px; font-weight: 650; margin: 40px 0 4px; }
p { margin: 4px 0 12px; max-width: 76ch; }
.note { color: var(--soft); font-size: 14px; }
.card, .tile, .sheet figure, .plots figure, .scroll {
  background: #fff; border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 16px 18px; margin: 12px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(108px, 1fr)); gap: 10px; margin: 18px 0 12px; }
.tile { padding: 10px 12px; }
.tile b { display: block; font-size: 22px; white-space: nowrap; line-height: 1.3;
  font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 14px; margin: 14px 0; }
.sheet figure { margin: 0; overflow: hidden; }
.sheet img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--empty); }
figcaption { padding: 7px 10px 9px; font-size: 12.5px; line-height: 1.4; overflow-wrap: anywhere; }
figcaption span { color: var(--soft); display: block; font-variant-numeric: tabular-nums; }
.strips { display: grid; gap: 12px; margin: 12px 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--tiles) * 150px)), 1fr)); }
.strip { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 10px 12px 4px;
  break-inside: avoid; }
h3 { font-size: 13.5px; font-weight: 600; margin: 0 0 8px; overflow-wrap: anywhere; }
h3 span { color: var(--soft); font-weight: 400; margin-left: 8px; }
.strip div { display: grid; grid-template-columns: repeat(var(--tiles), 1fr); gap: 10px; }
.strip figure { margin: 0; }
.strip img { display: block; width: 100%; aspect-ratio: 1; border-radius: 6px; background: var(--empty); }
.strip figcaption { padding: 4px 2px 8px; }
.verdict { border-left: 4px solid; border-radius: 4px; background: #fff; padding: 10px 14px; margin: 12px 0;
  max-width: none; font-weight: 600; overflow-wrap: anywhere; }
.good { border-color: var(--good); }
.bad { border-color: var(--bad); }
.ramp { display: inline-block; width: 130px; height: 10px; border-radius: 3px; vertical-align: middle; margin: 0 6px;
  background: linear-gradient(90deg, var(--difference)); }
.key { display: inline-block; width: 18px; height: 3px; border-radius: 2px; vertical-align: middle;
  margin: 0 4px 0 10px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 14px; margin: 14px 0; }
.plots figure { margin: 0; padding: 10px; }
svg { display: block; width: 100%; height: auto; }
svg text { font-family: inherit !important; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 14px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.total td { font-weight: 600; }
.long td { font-size: 13px; white-space: nowrap; }
.long td:nth-child(2), .long td:last-child { white-space: normal; overflow-wrap: anywhere; min-width: 210px; }
footer { margin-top: 44px; color: var(--soft); font-size: 13px; }
@media (max-width: 520px) {
  main { padding: 18px 12px 40px; }
  .sheet, .strip div { grid-template-columns: 1fr 1fr; gap: 8px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 7px; }
  th, td { padding: 6px 9px; }
}
@media print { body { background: #fff; } .sheet figure, .plots figure, .tile { break-inside: avoid; } }
"""


def document(title: str, html: Iterable[str]) -> str:
    """A page that needs no other file."""
    variables = " ".join(f"--{name}: {value};" for name, value in _VARIABLES.items())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>\n:root {{ {variables} }}{_CSS}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(html)
        + "\n</main>\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Any value as text within HTML."""
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def note(words: str) -> str:
    """A paragraph of explanation."""
    return f'<p class="note">{text(words)}</p>'


def section(title: str, *html: str) -> str:
    """A section of the page under its title."""
    return "\n".join([f"<section><h2>{text(title)}</h2>", *html, "</section>"])


def tiles(numbers: Iterable[tuple[str, str]]) -> str:
    """A row of numbers, each with a caption."""
    inner = "".join(f'<div class="tile"><b>{text(shown)}</b><span>{text(what)}</span></div>' for shown, what in numbers)
    return f'<div class="tiles">{inner}</div>'


def facts(entries: Iterable[tuple[str, str]]) -> str:
    """Names and values, one per line."""
    inner = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in entries)
    return f'<div class="card"><dl>{inner}</dl></div>'


def figure(uri: str, name: str, *captions: str) -> str:
    """An image with its name and further lines below it."""
    lines = "".join(f"<span>{text(caption)}</span>" for caption in captions if caption)
    return (
        f'<figure><img src="{uri}" alt="{text(name)}" loading="lazy">'
        f"<figcaption>{text(name)}{lines}</figcaption></figure>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers_from: int, total: bool = False) -> str:
    """A table that scrolls sideways on a narrow screen.

    Args:
        head: titles of the columns.
        rows: cells of each row; whole numbers get thousands separators.
        numbers_from: the first column of numbers, which are right-aligned; all after it are numbers, too.
        total: whether the last row is a sum.
    """
    kinds = ["" if column < numbers_from else ' class="number"' for column in range(len(head))]
    titles = "".join(f"<th{kind}>{text(title)}</th>" for title, kind in zip(head, kinds, strict=True))
    lines = [
        "".join(f"<td{kind}>{text(_cell(cell))}</td>" for cell, kind in zip(row, kinds, strict=True)) for row in rows
    ]
    body = [f"<tr>{line}</tr>" for line in lines]
    if total:
        body[-1] = f"<tr class=total>{lines[-1]}</tr>"
    wide = ' class="long"' if numbers_from >= len(head) else ""
    return (
        f'<div class="scroll"><table{wide}><thead><tr>{titles}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )


def number(value: float, decimals: int, sign: str = "") -> str:
    """A number with a true minus sign, which is as wide as a digit, and none before 0; ``sign`` as of format()."""
    return f"{round(value, decimals) + 0.0:{sign}.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def plot_figures(html: Iterable[str]) -> str:
    """Plots, as SVG elements, side by side."""
    return '<div class="plots">' + "\n".join(f"<figure>{svg}</figure>" for svg in html) + "</div>"


def _cell(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) else value
