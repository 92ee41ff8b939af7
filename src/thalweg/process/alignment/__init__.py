"""Alignment: how a net explains each variant at least cost, and how good a model it is by that."""
