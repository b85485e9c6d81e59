"""The page: one HTML text that needs nothing beside it."""

from typing import Any

from pipeline.report.collect import Collected
from pipeline.report.html_parts import facts, text, tiles
from pipeline.report.map_sections import map_sections
from pipeline.report.sections import contact_sheet, counts, distributions, plausibility, rejects
from pipeline.report.stage_section import stage_sections
from pipeline.report.style import CSS
from pipeline.run.stage_view import StageView
from pipeline.run.summary import human_bytes
from transforms.errors import Reject

_SHORT_HASH = 12


def page(
    manifest: dict[str, Any], collected: Collected, rejected: list[Reject], stages: StageView | None = None
) -> str:
    """The report of one conversion as HTML.

    Args:
        manifest: of the conversion.
        collected: what was kept of its records.
        rejected: its rejected samples.
        stages: what the stages of the last run did, as far as it is known.
    """
    name = f"{manifest['name']}/{manifest['config']}"
    parts = [
        _header(name, manifest, collected),
        contact_sheet(collected.shown, list(manifest["splits"])),
        *map_sections(collected, manifest),
        distributions(collected),
        plausibility(collected.coefficients, collected.without_face),
        counts(manifest, collected.tallies),
        rejects(rejected),
        *stage_sections(stages),
    ]
    title = f"{name} {manifest['version']}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n<footer>Pictures: research use only, as the data set's licence says. Do not publish this page.</footer>"
        + "\n</main>\n</body>\n</html>\n"
    )


def _header(name: str, manifest: dict[str, Any], collected: Collected) -> str:
    samples = manifest["samples"]
    sources = set().union(*(tally.sources for tally in collected.tallies.values()))
    shards = [shard for entry in manifest["splits"].values() for shard in entry["shards"]]
    numbers = [
        (f"{samples['written']:,}", "samples"),
        (f"{len(sources):,}", "sources"),
        *([(f"{manifest['with_original']:,}", "with an original")] if "with_original" in manifest else []),
        *((f"{entry['samples']:,}", f"in {split}") for split, entry in manifest["splits"].items()),
        (f"{samples['rejected']:,}", "rejected"),
        (f"{len(shards):,}", "shards"),
        (human_bytes(sum(shard["bytes"] for shard in shards)), "in all"),
    ]
    return (
        f"<header><h1>{text(name)} <span>{text(manifest['version'])}</span></h1>"
        + tiles(numbers)
        + facts(_facts(manifest))
        + "</header>"
    )


def _facts(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    models = [
        (f"{half} model", f"{entry['file']}, SHA-256 {entry['sha256'][:_SHORT_HASH]}\N{HORIZONTAL ELLIPSIS}")
        for half, entry in manifest["model_files"].items()
    ]
    options = {option: value for option, value in manifest["options"].items() if value not in (None, [])}
    if "shard_size" in options:
        options["shard_size"] = human_bytes(options["shard_size"])
    return [
        ("options", ", ".join(f"{option} {_option(value)}" for option, value in options.items())),
        *([("layout", _one_line(manifest["layout_text"]))] if "layout_text" in manifest else []),
        *models,
        ("versions", ", ".join(f"{package} {version}" for package, version in manifest["versions"].items())),
    ]


def _one_line(toml: str) -> str:
    """A layout's keys and values, without the titles of their tables."""
    return ", ".join(line for line in toml.splitlines() if " = " in line)


def _option(value: object) -> str:
    """An option's value as it is given on the command line."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return ",".join(f"{name}={part}" for name, part in value.items()) if isinstance(value, dict) else str(value)
