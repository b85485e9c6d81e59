"""What to say where FineData has no layout that fits it."""

import shlex
from collections import Counter

from pipeline.describe.layout_proposal import propose_layout
from pipeline.planning.raw_inputs import Listing, list_inputs, suffix_counts
from transforms.errors import UserError
from transforms.raw.configurations import COARSE
from transforms.raw.files import input_name
from transforms.storage import Place


def no_layout(inputs: list[Place]) -> UserError:
    """The error of ``--config fine`` without ``--layout``, with a proposal from the files."""
    return _error(
        "--config fine needs --layout FILE: the format of FineData is not documented, so a file of yours says how it "
        "lies on disk",
        list_inputs(inputs, COARSE),
    )


def nothing_matches(listing: Listing) -> UserError:
    """The error of a layout whose patterns find no sample, with a proposal from the files."""
    counts = Counter(role for found in listing.samples.values() for role in found.files)
    by_role = ", ".join(f"{words}: {counts[role]:,}" for role, words in listing.configuration.roles.items())
    others = ", ".join(f"{count:,} *{ending}" for ending, count in suffix_counts(listing).most_common(3))
    return _error(
        f"{', '.join(map(input_name, listing.inputs))}: the patterns of {listing.configuration.files} find no whole "
        f"sample ({by_role}; other files: {others or 'none'})",
        listing,
    )


def _error(problem: str, listing: Listing) -> UserError:
    """One line that says what is wrong and what to do, then the proposal."""
    proposal = propose_layout(listing)
    inputs = " ".join(shlex.quote(input_name(place)) for place in listing.inputs)
    if proposal.layout is None:
        return UserError(f"{problem}; none can be proposed from what lies there:\n\n{proposal.text().rstrip()}")
    return UserError(
        f"{problem}; write and check the proposal below with threedface describe {inputs} --write_layout FILE.toml"
        f"\n\n{proposal.text().rstrip()}"
    )
