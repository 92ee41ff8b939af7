"""Trees, nets and BPMN turn into one another here: the public names of the conversions."""

from __future__ import annotations

from thalweg.process.models.tree_net import tree_to_net

__all__ = ["tree_to_net"]
