"""How depth maps are to be read, from some of them and their pictures."""

import dataclasses
from collections import Counter

import numpy as np

from pipeline.describe.layout_proposal.contents import encoding_of, plain_layout, read_map
from pipeline.describe.layout_proposal.evidence import Evidence, by_votes, of_sources
from pipeline.describe.layout_proposal.headerless import readings, say
from pipeline.describe.layout_proposal.invalid_values import find_invalid, without
from pipeline.describe.layout_proposal.looks import Look
from pipeline.describe.layout_proposal.orientation import Turn, as_in_file, orient
from pipeline.describe.layout_proposal.relief import Relief, nearer, relief, scale
from pipeline.describe.layout_proposal.samples import Fault, Sample
from transforms.depth.encodings import read_depth
from transforms.depth.layout import DepthLayout
from transforms.errors import BadSample, UserError


@dataclasses.dataclass(frozen=True)
class DepthEvidence:
    """A proposal's [depth] table.

    Attributes:
        layout: the table.
        evidence: how sure each key is, in the table's order.
        faults: files looked at that do not fit, and why.
        notes: what a layout cannot say.
    """

    layout: DepthLayout
    evidence: dict[str, Evidence]
    faults: list[Fault]
    notes: list[str]


def depth_evidence(samples: list[Sample], look: Look, has_mask: bool) -> DepthEvidence | None:
    """Finds how depth files are to be read; None where no file can be read in any way.

    Args:
        samples: some, with bytes of their depth files.
        look: the family of depth files.
        has_mask: whether there are masks.
    """
    read = _read_headerless(samples, look) if look.usual.kind == "headerless" else _read_named(samples, look)
    if read is None:
        return None
    maps = list(read.maps.values())
    shown = [samples[row] for row in read.maps]
    invalid, of_invalid = find_invalid(maps, has_mask)
    cleaned = [without(values, invalid) for values in maps]
    # Only the size of a unit matters to how depth lies, and whether it is turned hardly matters to a unit.
    unit, _ = scale(_reliefs(cleaned, shown, "upright"))
    lying = orient(
        [unit * values for values in cleaned], [each.picture for each in shown], [each.mask for each in shown]
    )
    reliefs = _reliefs(cleaned, shown, lying.turn)
    unit, of_unit = scale(reliefs)
    larger, of_larger = nearer(reliefs)
    square = read.layout.shape is not None and read.layout.shape[0] == read.layout.shape[1]
    sources = len({sample.name.source for sample in shown})
    notes = list(read.notes)
    evidence = read.evidence | {
        "invalid": of_invalid,
        "scale": of_unit,
        "offset": Evidence("unknown", "where a map has its 0 cannot be seen; 0 is taken"),
        "larger": of_sources(of_larger, sources),
        "rows": of_sources(lying.evidence, sources),
    }
    order = read.layout.order
    if square and "order" in evidence:
        # Smoothness does not tell the rows of a square from its columns.
        order, evidence["order"] = "columns" if lying.swapped else "rows", evidence["rows"]
    elif lying.swapped:
        notes.append(f"the depth maps have rows and columns swapped, which a layout cannot say: {lying.evidence}")
        evidence["rows"] = Evidence("unknown", lying.evidence.said)
    layout = dataclasses.replace(
        read.layout,
        order=order,
        invalid=invalid,
        scale=unit,
        larger="nearer" if larger == "nearer" else "farther",
        rows="up" if lying.upside_down else "down",
    )
    ordered = {field.name: evidence[field.name] for field in dataclasses.fields(layout) if field.name in evidence}
    return DepthEvidence(layout, ordered, read.faults, notes)


def _reliefs(maps: list[np.ndarray], samples: list[Sample], turn: Turn) -> list[Relief]:
    """The shapes of depth maps that lie so on their masks, if there are any."""
    found = []
    for values, sample in zip(maps, samples, strict=True):
        if sample.mask is not None and (mask := as_in_file(sample.mask, turn)).shape == values.shape:
            values = np.where(mask, values, np.nan)
        found.append(relief(values))
    return [shape for shape in found if shape is not None]


@dataclasses.dataclass(frozen=True)
class _Read:
    """Depth maps as the files have them, by the number of their sample, and what led there."""

    layout: DepthLayout
    evidence: dict[str, Evidence]
    maps: dict[int, np.ndarray]
    faults: list[Fault]
    notes: list[str]


def _read_named(samples: list[Sample], look: Look) -> _Read | None:
    """Reads files whose first bytes say what they are."""
    encodings = Counter(encoding for sample in samples if (encoding := encoding_of(sample.data)) is not None)
    if not encodings:
        return None
    encoding = encodings.most_common(1)[0][0]
    maps: dict[int, np.ndarray] = {}
    faults, notes = [], []
    for row, sample in enumerate(samples):
        try:
            maps[row] = read_map(sample.data, encoding)
            faults += _other_size(sample, maps[row].shape)
        except BadSample as problem:
            faults.append(Fault(sample.file, problem.reason, problem.detail))
        except UserError as error:
            notes = [str(error)]
            break
    alike, of = look.of_usual_kind, look.looked_at
    said = f"{alike:,} of {of:,} looked at begin as {look.usual.said}"
    return _Read(plain_layout(encoding), {"encoding": by_votes(alike, of, said)}, maps, faults, notes)


def _read_headerless(samples: list[Sample], look: Look) -> _Read | None:
    """Reads files of bare numbers, those of the commonest size."""
    size, count = look.bytes.most_common(1)[0]
    usual = {row: sample for row, sample in enumerate(samples) if len(sample.data) == size}
    pictures = Counter((sample.picture.shape[0], sample.picture.shape[1]) for sample in usual.values())
    found = readings([sample.data for sample in usual.values()], pictures) if usual else []
    if not found or found[0].layout.shape is None:
        return None
    layout, shape = found[0].layout, found[0].layout.shape
    maps = {row: read_depth(sample.data, layout, shape) for row, sample in usual.items()}
    faults = [
        Fault(sample.file, "wrong_bytes", f"{len(sample.data)} bytes, most have {size}")
        for sample in samples
        if len(sample.data) != size
    ]
    faults += [fault for sample in usual.values() for fault in _other_size(sample, shape)]
    notes = [] if count == look.bytes.total() else [_other_bytes(look)]
    return _Read(layout, say(found, len(usual)), maps, faults, notes)


def _other_size(sample: Sample, shape: tuple[int, ...]) -> list[Fault]:
    picture = sample.picture.shape
    if picture[:2] == shape[:2]:
        return []
    return [Fault(sample.file, "depth_size", f"{shape[0]} x {shape[1]}, its picture {picture[0]} x {picture[1]}")]


def _other_bytes(look: Look) -> str:
    (size, count), *others = look.bytes.most_common(4)
    rest = ", ".join(f"{other:,} have {bytes_:,}" for bytes_, other in others)
    return f"{count:,} depth files have {size:,} bytes, but {rest}: convert rejects these"
