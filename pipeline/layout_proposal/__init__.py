"""Proposes a layout of FineData from what lies in a folder or archive, and says how sure each line is."""

from pipeline.layout_proposal.proposal import Proposal, propose_layout

__all__ = ["Proposal", "propose_layout"]
