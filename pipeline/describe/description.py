"""``describe``: the contents of raw folders, as text that fits a screen."""

import dataclasses
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipeline.describe.contact_sheet import contact_sheet
from pipeline.describe.found_models import FoundModel, found_models
from pipeline.describe.input_check import resized
from pipeline.describe.layout_proposal import Proposal, check_layout_file, propose_layout
from pipeline.describe.spot_check import NORMALISED, PLAUSIBLE, SpotCheck, spot_check
from pipeline.describe.survey import FULL_AUGMENTATIONS, Survey, survey
from pipeline.planning.raw_inputs import LEFT_OUT, Listing, list_inputs, suffix_counts
from pipeline.run.progress import progress, step
from pipeline.run.summary import human_bytes
from transforms.depth.layout import match_pattern
from transforms.errors import Reject, UserError, named_errors
from transforms.raw.configurations import COARSE, CONFIGURATIONS, ORIGINAL
from transforms.raw.files import RawFile, input_name
from transforms.raw.names import GROUPS, OTHER_GROUP, group
from transforms.raw.samples import PackedList
from transforms.storage import Place

_NAMED = 3  # of many
_MOST_REJECTED = 0.01  # the default of convert's --max_rejected


def describe(folders: list[Place], write_layout: Path | None = None) -> str:
    """Describes raw folders: samples, layout, files, ranges, what is suspicious, and how to convert them.

    Pictures and parameter texts are read from an even sample; all else comes from names and sizes. Where FineData
    seem to lie there, a layout of them is proposed, with lines to fill in.

    Args:
        folders: folders and archives.
        write_layout: a file that gets the proposed layout, with a contact sheet to fill it in by beside it; or None.

    Raises:
        UserError: a folder does not exist or cannot be listed; or write_layout cannot be written.
    """
    if write_layout is not None:
        check_layout_file(write_layout)
    with progress("describe"):
        return _describe(folders, write_layout)


def _describe(folders: list[Place], write_layout: Path | None) -> str:
    all_listings = [list_inputs(folders, configuration) for configuration in CONFIGURATIONS.values()]
    step("looking for depth maps", unit=" files")
    proposal = propose_layout(all_listings[0])
    if write_layout is not None:
        _write(proposal, write_layout)
    fine = proposal is not None
    surveys = [(listing, survey(listing)) for listing in _with_samples(all_listings)]
    if proposal is not None:
        surveys = [each for each in surveys if each[1].samples and not _is_fine(each[0], proposal)]
    step("looking for face models")
    models = found_models(all_listings[0])
    lines = _entry("inputs", [input_name(place) for place in all_listings[0].inputs])
    suspicious: list[str] = []
    for listing, found in surveys:
        checked = spot_check(listing)
        lines += _described(listing, found, checked)
        suspicious += [line for line in _suspicious(listing, found, checked, fine) if line not in suspicious]
    if surveys:
        lines += _entry("other files", [_other_files(surveys[0][0])])
    lines += _entry("face models", _models(models))
    if surveys:
        lines += _entry("suspicious", suspicious or ["nothing"])
    for listing, found in surveys:
        lines += ["", _command(listing, found, models)]
    if proposal is not None:
        lines += [
            "",
            *_entry("config", ["fine"]),
            proposal.text(),
            *_fine_command(all_listings[0], models, write_layout),
        ]
    # A file name may hold bytes that are no text, and must be printable nevertheless.
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")


def _with_samples(listings: list[Listing]) -> list[Listing]:
    """The listings of configurations that have samples there, or one without; the files of one are no others'."""
    found = (
        [listing for listing in listings if listing.samples]
        or [listing for listing in listings if listing.left_out]
        or listings[:1]
    )
    if len(found) == 1:
        return found
    taken = set().union(*map(_taken, found))
    others = {
        ending: PackedList(RawFile._make, left)
        for ending, files in found[0].other_files.items()
        if (left := [file for file in files if file not in taken])
    }
    return [dataclasses.replace(listing, other_files=others) for listing in found]


def _is_fine(listing: Listing, proposal: Proposal) -> bool:
    """Whether what looks like samples by name is FineData, whose depth may be in texts named as parameters are."""
    first = next(iter(listing.samples.values()))
    paths = [file.path for some in first.files.values() for file in some]
    return all(any(match_pattern(pattern, path) for pattern in proposal.patterns) for path in paths)


def _taken(listing: Listing) -> set[RawFile]:
    return {file for found in listing.samples.values() for some in found.files.values() for file in some} | set(
        listing.left_out
    )


def _described(listing: Listing, found: Survey, checked: SpotCheck) -> list[str]:
    return [
        *_entry("config", [listing.configuration.name]),
        *_entry("samples", _samples(listing, found)),
        *_entry("layout", _layout(found)),
        *_entry("pictures", _pictures(found, checked)),
        *_entry("parameters", _parameters(checked)),
        *_entry("unpaired", _unpaired(found)),
        *_entry("duplicates", [_named(found.duplicates, "none")]),
    ]


def _entry(title: str, lines: list[str]) -> list[str]:
    return [f"{title if not row else '':<12} {line}" for row, line in enumerate(lines)]


def _samples(listing: Listing, found: Survey) -> list[str]:
    left_out = [f"{len(listing.left_out):,} {LEFT_OUT}"] if listing.left_out else []
    if not found.pairs:
        return [f"none: no file is named {listing.configuration.files}", *left_out]
    groups = Counter(group(source) for source in found.pairs)
    by_group = [f"{name} {groups[name]:,}" for name in (*GROUPS, OTHER_GROUP) if groups[name]]
    counts = list(found.pairs.values())
    lines = [
        f"{found.samples:,}, each a picture and its parameters",
        f"sources: {len(counts):,} ({', '.join(by_group)})",
    ]
    if listing.configuration is not ORIGINAL:
        other = sum(count != FULL_AUGMENTATIONS for count in counts)
        lines.append(
            f"augmentations per source: {_span(counts)}; sources with other than {FULL_AUGMENTATIONS}: {other:,}"
        )
    return lines + left_out


def _layout(found: Survey) -> list[str]:
    if not found.layouts:
        return ["no sample, no layout"]
    places = sorted(found.layouts.items(), key=lambda item: (-item[1].total(), item[0]))
    lines = [f"{place}  {_counted(suffixes)}" for place, suffixes in places[:_NAMED]]
    return lines + ([f"and {len(places) - _NAMED:,} more"] if len(places) > _NAMED else [])


def _pictures(found: Survey, checked: SpotCheck) -> list[str]:
    if not checked.pictures:
        return ["none"]
    sizes = ", ".join(f"{height}x{width} ({count:,})" for (height, width), count in checked.sizes.most_common(_NAMED))
    more = f", and {len(checked.sizes) - _NAMED:,} more sizes" if len(checked.sizes) > _NAMED else ""
    return [
        f"{human_bytes(found.image_bytes)} in all",
        f"rows x columns of {checked.pictures:,} looked at: {sizes or 'none could be read'}{more}",
    ]


def _parameters(checked: SpotCheck) -> list[str]:
    if not checked.texts:
        return ["none"]
    raw, normalised = len(checked.scale), checked.count(NORMALISED)
    lines = [
        f"{checked.texts:,} looked at: {raw:,} raw, {normalised:,} normalised, "
        f"{checked.texts - raw - normalised:,} unreadable or impossible"
    ]
    if raw:
        many = ", ".join(f"{lines} in {count:,}" for lines, count in sorted(checked.lines.items()))
        pitch, yaw, roll = (_span(checked.euler[:, axis], ".1f") for axis in range(3))
        lines += [
            f"lines per file: {many}",
            f"degrees: pitch {pitch}, yaw {yaw}, roll {roll}",
            f"scale {_span(checked.scale, '.3f')} px/mm; largest |expression / std| {checked.expression.max():.1f}",
        ]
    return lines


def _unpaired(found: Survey) -> list[str]:
    lines = []
    if found.lone_pictures:
        lines.append(f"pictures without parameters: {_named(found.lone_pictures)}")
    if found.lone_parameters:
        lines.append(f"parameters without picture: {_named(found.lone_parameters)}")
    return lines or ["none"]


def _other_files(listing: Listing) -> str:
    counts = suffix_counts(listing)
    shown = ", ".join(f"{ending} {count:,}" for ending, count in counts.most_common(8))
    more = f", and {len(counts) - 8:,} more endings" if len(counts) > 8 else ""
    junk = f"; and {listing.junk.total():,} of systems and programs: {_counted(listing.junk)}" if listing.junk else ""
    return (f"{listing.other_count:,} by ending: {shown}{more}" if counts else "none") + junk


def _models(models: list[FoundModel]) -> list[str]:
    return [f"{model.option or 'unusable':<12} {model.path}  {model.said}" for model in models] or ["none found here"]


def _suspicious(listing: Listing, found: Survey, checked: SpotCheck, fine: bool) -> list[str]:
    lines = []
    if not found.pairs:
        lines.append(
            "no sample: convert takes the folder, or the archives, that hold CoarseData/<source>/, or originals"
        )
    if found.archives:
        lines.append(
            f"archives within the folder: {_named(found.archives)}; name them as inputs: they are read as they are, "
            "without unpacking (of one in pieces, name any piece and keep all together)"
        )
    for folder, (folders, pictures) in sorted(found.textless.items())[: 0 if fine else _NAMED]:
        lines.append(
            f"{folder or '.'}/*: pictures without any .txt ({pictures:,}, in {folders:,} of these folders); "
            "FineData looks so, and convert takes CoarseData"
        )
    if found.pairs:
        usual = max((often, count) for count, often in Counter(found.pairs.values()).items())[1]
        few = [f"{source} ({count})" for source, count in sorted(found.pairs.items()) if count < usual]
        if few:
            lines.append(f"sources of fewer than {usual} samples: {_named(few)}")
    others = [source for source in found.pairs if group(source) == OTHER_GROUP]
    if others:
        lines.append(f"sources of no 300-W collection, by name: {_named(others)}")
    if found.empty:
        lines.append(f"files of 0 bytes: {_named(found.empty)}")
    lines += _by_reason([*found.unusable, *listing.unknown], "samples")
    lines += _by_reason(listing.unreadable, "other files of archives")
    lines += _suspicious_contents(checked)
    if len(checked.sizes) > 1 and listing.configuration is not ORIGINAL:  # those are of all sizes
        lines.append("pictures of more than one size")
    rejected = len(found.lone_pictures) + len(found.lone_parameters) + len(found.unusable) + len(listing.unknown)
    if found.samples and rejected > _MOST_REJECTED * (found.samples + rejected):
        lines.append(
            f"{rejected / (found.samples + rejected):.1%} of the samples are unpaired or unusable: convert rejects "
            f"them, and fails above --max_rejected {_MOST_REJECTED}"
        )
    return lines


def _suspicious_contents(checked: SpotCheck) -> list[str]:
    lines = _by_reason(checked.bad, "files looked at")
    fault = resized(np.array([pose for pose, _ in checked.pairs]), [size for _, size in checked.pairs])
    if fault:
        lines.append(f"{fault}; convert refuses them")
    far = int((checked.expression > PLAUSIBLE).sum())
    if far:
        lines.append(f"|expression / std| above {PLAUSIBLE:g} in {far:,} of {len(checked.expression):,} looked at")
    if len(checked.lines) > 1:
        lines.append("parameter texts of more than one form: of different origin?")
    return lines


def _by_reason(rejects: list[Reject], of: str) -> list[str]:
    """A line for each reason, with one of the files."""
    first: dict[str, Reject] = {}
    for reject in rejects:
        first.setdefault(reject.reason, reject)
    counts = Counter(reject.reason for reject in rejects)
    return [
        f"{reason}, {counts[reason]:,} of the {of}, such as {first[reason].file}: {first[reason].detail}"
        for reason in sorted(first)
    ]


def _command(listing: Listing, found: Survey, models: list[FoundModel]) -> str:
    if (listing.samples or listing.unknown) and not found.samples:
        return "None of these samples can be converted as they are: see what is suspicious."
    config = "" if listing.configuration is COARSE else f"--config {listing.configuration.name} "
    return _convert(config, _inputs(listing) if listing.samples else "PATH/TO/Coarse_Dataset", models)


def _write(proposal: Proposal | None, file: Path) -> None:
    """Writes a proposal, and its contact sheet beside it."""
    if proposal is None:
        raise UserError(
            f"--write_layout {file}: no layout can be proposed: no files that are named by a photograph of 300-W and a "
            "number decode to a depth map of the size of their picture; write one as transforms/README.md shows"
        )
    with named_errors(file):
        file.write_text(proposal.text(), encoding="utf-8", errors="backslashreplace")
        contact_sheet(proposal).save(file.with_suffix(".png"))


def _fine_command(listing: Listing, models: list[FoundModel], written: Path | None) -> list[str]:
    """What to do with a proposed layout."""
    if written is None:
        return ["--write_layout FILE.toml writes this layout, and beside it a contact sheet to fill it in by."]
    look = f"Look at {written.with_suffix('.png')}, fill in {written}, then:"
    inputs = f"{_inputs(listing)} --originals PATH/TO/Original_Dataset"
    return [look, "", _convert(f"--config fine --layout {shlex.quote(str(written))} ", inputs, models)]


def _inputs(listing: Listing) -> str:
    return " ".join(shlex.quote(input_name(place)) for place in listing.inputs)


def _convert(config: str, inputs: str, models: list[FoundModel]) -> str:
    files = {model.option: shlex.quote(str(model.path)) for model in reversed(models)}
    bfm = files.get("--bfm", "PATH/TO/01_MorphableModel.mat")
    expression = files.get("--expression", "PATH/TO/Exp_Pca.bin")
    break_ = " \\\n    "
    return break_.join(
        [
            f"threedface convert {config}--input {inputs}",
            f"--bfm {bfm}",
            f"--expression {expression}",
            "--output PATH/TO/OUTPUT",
        ]
    )


def _span(values: Iterable[float], form: str = "") -> str:
    """Least and most, ``3..7``, or the one value there is."""
    array = np.asarray(list(values))
    least, most = (format(value, form) for value in (array.min(), array.max()))
    return least if least == most else f"{least}..{most}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _named(names: list[str], none: str = "") -> str:
    """How many there are, and the first few."""
    if not names:
        return none
    return f"{len(names):,}: {', '.join(names[:_NAMED])}{', ...' if len(names) > _NAMED else ''}"
