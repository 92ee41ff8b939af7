"""Depth: which part of the chain's burden the interventions have removed, layer by layer."""
