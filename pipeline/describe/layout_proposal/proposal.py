"""The proposal: a layout, how sure each line of it is, and what does not fit it."""

import dataclasses
from collections import Counter
from typing import Any

from pipeline.describe.layout_proposal.depth_evidence import depth_evidence
from pipeline.describe.layout_proposal.evidence import Evidence
from pipeline.describe.layout_proposal.listed_files import all_files
from pipeline.describe.layout_proposal.looks import look_at
from pipeline.describe.layout_proposal.name_patterns import find_families
from pipeline.describe.layout_proposal.roles import Candidate, Roles, assign, candidate
from pipeline.describe.layout_proposal.samples import Fault, Sample, read_samples
from pipeline.planning.raw_inputs import Listing
from transforms.depth.layout import Layout
from transforms.depth.toml_tables import toml_text
from transforms.raw.files import RawFile

NAME = "proposal"
_NAMED = 2  # of many
_MOST_IGNORED = 4
_LONGEST_WHOLE = 1e9
_WIDEST = 46  # columns of a line before its comment is no more set flush


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A layout proposed from evidence.

    Attributes:
        layout: the layout; None where there are no depth maps with pictures.
        evidence: how sure each line is, by key: ``picture``, ``depth``, ... of [files], ``encoding``, ... of [depth].
        notes: what does not fit the layout, or is left out.
        samples: some that were read.
    """

    layout: Layout | None
    evidence: dict[str, Evidence]
    notes: list[str]
    samples: list[Sample]

    def text(self) -> str:
        """The layout file, a comment behind each line saying how sure it is; `parse_layout` reads it."""
        # A file's name may hold what a comment may not.
        notes = ["# " + "".join(sign if sign.isprintable() else "?" for sign in note) for note in self.notes]
        if self.layout is None:
            return "\n".join(["# No layout can be proposed.", *notes]) + "\n"
        files = {
            "picture": self.layout.picture,
            "depth": self.layout.depth_file,
            "mask": self.layout.mask,
            "normals": self.layout.normals,
        }
        depth = {key: value for key, value in dataclasses.asdict(self.layout.depth).items() if key in self.evidence}
        lines = [
            "# Proposed by threedface describe from what the files show, not from documentation.",
            "# sure: nothing else fits. guess: likely, check it. unknown: the files do not say.",
            "# Depth maps alone show neither scale nor offset; convert --originals checks them by the fitted faces.",
            *notes,
            "",
            "[files]",
            *self._lines({key: value for key, value in files.items() if value is not None}),
            "# original = 0  # unknown: depth maps do not tell which k, if any, is the un-augmented original",
            "",
            "[depth]",
            *self._lines(depth),
        ]
        return "\n".join(lines) + "\n"

    def _lines(self, values: dict[str, Any]) -> list[str]:
        lines = {key: f"{key} = {_toml(value)}" for key, value in values.items()}
        width = max((len(line) for line in lines.values() if len(line) <= _WIDEST), default=0)
        return [f"{line:<{width}}  # {self.evidence[key]}" for key, line in lines.items()]


def propose_layout(listing: Listing) -> Proposal:
    """Proposes a layout of the FineData in a listing.

    Names and sizes of all files are looked at, the first bytes of some, and a dozen samples whole.
    """
    families, lone = find_families(all_files(listing))
    looks = [look_at(listing.inputs, family) for family in families]
    pictures = Counter(size for look in looks if look.usual.kind in ("jpeg", "png") for size in look.sizes)
    roles = assign([candidate(listing.inputs, look, pictures) for look in looks])
    ignored = _ignored(roles.ignored, lone)
    if not {"picture", "depth"} <= roles.found.keys():
        missing = "pictures" if "depth" in roles.found else "depth maps"
        return Proposal(None, {}, [f"no files look like {missing}", *ignored], [])
    samples, faults = read_samples(listing.inputs, roles)
    found = depth_evidence(samples, roles.found["depth"].look, "mask" in roles.found)
    if found is None:
        notes = [f"no depth map of {roles.found['depth'].pattern} can be read", *_grouped(faults), *ignored]
        return Proposal(None, {}, notes, samples)
    layout = Layout(
        name=NAME,
        picture=roles.found["picture"].pattern,
        depth_file=roles.found["depth"].pattern,
        mask=_pattern(roles, "mask"),
        normals=_pattern(roles, "normals"),
        depth=found.layout,
    )
    notes = [
        *_unpaired(roles),
        *_misread(layout, roles, lone),
        *found.notes,
        *_grouped(faults + found.faults),
        *ignored,
    ]
    return Proposal(layout, roles.evidence | found.evidence, notes, samples)


def _toml(value: Any) -> str:
    """A value in TOML's notation, whole numbers without a point."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _LONGEST_WHOLE
    return toml_text(int(value) if whole else value)


def _pattern(roles: Roles, role: str) -> str | None:
    return roles.found[role].pattern if role in roles.found else None


def _unpaired(roles: Roles) -> list[str]:
    """What each role's files lack of the others'."""
    pictures, depths = roles.found["picture"].look.family.files, roles.found["depth"].look.family.files
    notes = [
        f"samples with a picture and a depth map: {len(pictures.keys() & depths.keys()):,}",
        *_lack("pictures without a depth map", [pictures[name] for name in sorted(pictures.keys() - depths.keys())]),
        *_lack("depth maps without a picture", [depths[name] for name in sorted(depths.keys() - pictures.keys())]),
    ]
    for role, chosen in roles.found.items():
        family = chosen.look.family
        if role in ("mask", "normals"):
            lacking = sorted(depths.keys() - family.files.keys())
            notes += _lack(f"depth maps without {role}", [depths[name] for name in lacking])
        notes += _lack(f"files of a {role} that another file has, too", family.repeated)
    return notes


def _misread(layout: Layout, roles: Roles, lone: list[RawFile]) -> list[str]:
    """Files of no role that the layout's patterns find nevertheless, as ``{source}_{k}.jpg`` does ``a_1_224.jpg``."""
    others = [*lone, *(file for each in roles.ignored for file in each.look.family.files.values())]
    found = [file for file in others if layout.match(file.path) is not None]
    return _lack("files that the patterns find, though they look like no samples; move them away", found)


def _lack(what: str, files: list[RawFile]) -> list[str]:
    return [f"{what}: {len(files):,}, such as {_such_as([file.path for file in files])}"] if files else []


def _grouped(faults: list[Fault]) -> list[str]:
    notes = []
    for reason, count in sorted(Counter(fault.reason for fault in faults).items()):
        first = next(fault for fault in faults if fault.reason == reason)
        notes.append(f"{reason}: {count} of the samples looked at, such as {first.file}: {first.detail}")
    return notes


def _ignored(candidates: list[Candidate], lone: list[RawFile]) -> list[str]:
    notes = [
        f"ignored: {len(each.look.family.files):,} {each.pattern} ({each.said})" for each in candidates[:_MOST_IGNORED]
    ]
    rest = [file for each in candidates[_MOST_IGNORED:] for file in each.look.family.files.values()] + lone
    return notes + _lack("other files ignored", rest)


def _such_as(paths: list[str]) -> str:
    return ", ".join(paths[:_NAMED]) + (", ..." if len(paths) > _NAMED else "")
