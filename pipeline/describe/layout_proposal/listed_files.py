"""Every file of a listing, whatever it was taken for."""

from collections.abc import Iterator

from pipeline.planning.raw_inputs import Listing
from transforms.raw.files import RawFile


def all_files(listing: Listing) -> Iterator[RawFile]:
    """The files that belong to samples, and those that belong to none."""
    for found in listing.samples.values():
        for files in found.files.values():
            yield from files
    yield from listing.left_out
    for others in listing.other_files.values():
        yield from others
