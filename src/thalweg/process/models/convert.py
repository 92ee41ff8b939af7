"""Trees, nets and BPMN turn into one another here: the public names of the conversions."""

from __future__ import annotations

from thalweg.process.models.convert_bpmn import bpmn_to_net
from thalweg.process.models.convert_net_bpmn import net_to_bpmn
from thalweg.process.models.convert_tree import tree_to_net
from thalweg.process.models.convert_tree_bpmn import tree_to_bpmn

__all__ = ["bpmn_to_net", "net_to_bpmn", "tree_to_bpmn", "tree_to_net"]
