"""Conformance: where the records and a model, or an owner's rules, disagree, and what that costs."""
