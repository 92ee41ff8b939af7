"""Trees, nets and BPMN turn into one another here: the public names of the conversions."""

from __future__ import annotations

from thalweg.process.models.convert.bpmn_net import bpmn_to_net
from thalweg.process.models.convert.net_bpmn import net_to_bpmn
from thalweg.process.models.convert.tree_bpmn import tree_to_bpmn
from thalweg.process.models.convert.tree_net import tree_to_net

__all__ = ["bpmn_to_net", "net_to_bpmn", "tree_to_bpmn", "tree_to_net"]
