"""The last screen of a conversion."""

from typing import Any

from pipeline.run.run_files import REJECTED
from transforms.raw.configurations import COARSE
from transforms.storage import Place


def conversion_summary(folder: Place, manifest: dict[str, Any], seconds: float | None, table: list[str]) -> str:
    """What was made, and what to do with it: fits a screen.

    Args:
        folder: where the conversion stands.
        manifest: its manifest.
        seconds: how long it took; None for one that had ended before.
        table: lines on what its stages did; none where they had nothing to do.
    """
    counts = manifest["samples"]
    written, rejected = counts["written"], counts["rejected"]
    name = f"{manifest['name']}/{manifest['config']} {manifest['version']}"
    lines = [
        f"{name}: {written:,} samples in {seconds:.1f} s"
        if seconds
        else f"{name}: already finished, with the same input and options; nothing to do",
        f"planned {counts['planned']:,} = written {written:,} + rejected {rejected:,}",
        "",
        f"  {'split':<12} {'shards':>7} {'samples':>10} {'size':>10}",
    ]
    for split, entry in manifest["splits"].items():
        size = sum(shard["bytes"] for shard in entry["shards"])
        lines.append(f"  {split:<12} {len(entry['shards']):>7,} {entry['samples']:>10,} {human_bytes(size):>10}")
    if rejected:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in manifest["rejected_reasons"].items())
        lines += ["", f"  rejected: {reasons}", f"  each named in {folder / REJECTED}"]
    if table:
        lines += ["", *table]
    output = folder.parent.parent.parent
    split_to_show = "train" if "train" in manifest["splits"] else next(iter(manifest["splits"]), "train")
    config = "" if manifest["config"] == COARSE.name else f', config="{manifest["config"]}"'
    lines += [
        "",
        f"  folder   {folder}",
        f"  check    threedface verify {output}",
        f"  look     threedface report {output}",
        "  read     from pipeline import load",
        f'           dataset = load("{output}", "{split_to_show}"{config})',
    ]
    return "\n".join(lines)


def human_bytes(size: float) -> str:
    """A size in bytes for a person: 52.4 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
