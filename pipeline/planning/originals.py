"""Gives the samples of FineData, which have no parameter texts of their own, those of their originals."""

import dataclasses
import sys

from tqdm import tqdm

from pipeline.planning.raw_inputs import Listing, list_inputs
from transforms.errors import Reject, UserError
from transforms.raw.configurations import ORIGINAL
from transforms.raw.files import RawFile
from transforms.raw.names import PARAMETERS, SampleName
from transforms.raw.originals import by_numbers
from transforms.raw.samples import FoundSample, FoundSamples
from transforms.storage import Place


def add_originals(listing: Listing, paths: list[Place]) -> Listing:
    """Adds the texts of originals to the samples of their sources; says on stderr how many sources have none.

    Sources are matched by their numbers, as it is not known which names are padded with zeros. A source with two
    texts gives both to its samples, which the plan then rejects as ``duplicate_key``.

    Args:
        listing: the FineData.
        paths: folders and archives, as of ``--config original``; their pictures are not needed.

    Returns:
        The listing, its inputs followed by those of the originals.

    Raises:
        UserError: as of `list_inputs`; or no text is that of any source.
    """
    originals = list_inputs(paths, ORIGINAL)
    shift = len(listing.inputs)
    texts: dict[str, list[RawFile]] = {}
    problems: dict[str, list[Reject]] = {}
    for name, found in originals.samples.items():
        source = by_numbers(name.source)
        texts[source] = [file._replace(root=file.root + shift) for file in found.files.get(PARAMETERS, [])]
        problems[source] = [problem for problem in found.problems if problem.file.lower().endswith(".txt")]
    samples = FoundSamples()
    known: set[str] = set()
    for name, found in listing.samples.items():
        whole = _with_text(name, found, texts, problems)
        samples.add(name, whole)
        if PARAMETERS in whole.files or whole.problems:
            known.add(name.source)
    sources = set(samples.sources())
    if not known:
        raise UserError(
            f"{', '.join(map(str, paths))}: no text is named as one of the {len(sources)} sources, such as "
            f"{min(sources)}.txt; name the folder of the originals' texts, or leave --originals out"
        )
    if known != sources:
        tqdm.write(
            f"convert: {len(sources - known):,} of {len(sources):,} sources have no original, such as "
            f"{min(sources - known)}: has_original is 0, coefficients, pose and landmarks NaN",
            file=sys.stderr,
        )
    return dataclasses.replace(listing, inputs=listing.inputs + originals.inputs, samples=samples)


def _with_text(
    name: SampleName, found: FoundSample, texts: dict[str, list[RawFile]], problems: dict[str, list[Reject]]
) -> FoundSample:
    source = by_numbers(name.source)
    files = {**found.files, PARAMETERS: texts[source]} if texts.get(source) else found.files
    return FoundSample(files, found.problems + problems.get(source, []))
