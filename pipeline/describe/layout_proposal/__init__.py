"""Proposes a layout of FineData from what lies in a folder or archive, and says how sure each line is."""

from pipeline.describe.layout_proposal.proposal import Proposal, propose_layout
from pipeline.describe.layout_proposal.written import check_layout_file, write_proposal

__all__ = ["Proposal", "check_layout_file", "propose_layout", "write_proposal"]
