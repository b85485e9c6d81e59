"""Writes a proposal to a file, and the pictures to check it by beside it."""

from pathlib import Path

from pipeline.describe.layout_proposal.contact_sheet import contact_sheet
from pipeline.describe.layout_proposal.proposal import Proposal
from transforms.errors import UserError, named_errors

_SUFFIX = ".toml"


def check_layout_file(file: Path) -> None:
    """Checks that a proposal can be written to a file, before it is sought.

    Raises:
        UserError: not named as a layout, exists already, or its folder does not.
    """
    if file.suffix != _SUFFIX:
        raise UserError(f"--write_layout {file}: expected a name that ends in {_SUFFIX}")
    if not file.absolute().parent.is_dir():
        raise UserError(f"--write_layout {file}: no such folder {file.absolute().parent}; make it first")
    for path in (file, _pictures(file)):
        if path.exists():
            # It may have been corrected by hand.
            raise UserError(f"--write_layout {file}: {path} exists; remove it, or name another file")


def write_proposal(proposal: Proposal, file: Path) -> list[Path]:
    """Writes the layout file, and beside it a PNG of some samples read so.

    Returns:
        The files written.

    Raises:
        UserError: there is no layout to be written, or the file cannot be.
    """
    check_layout_file(file)
    if proposal.layout is None:
        raise UserError(f"--write_layout {file}: no layout can be proposed: {'; '.join(proposal.notes)}")
    with named_errors(file):
        file.write_text(proposal.text(), encoding="utf-8")
    sheet = contact_sheet(proposal)
    if sheet is None:
        return [file]
    with named_errors(_pictures(file)):
        sheet.save(_pictures(file))
    return [file, _pictures(file)]


def _pictures(file: Path) -> Path:
    return file.with_suffix(".png")
