"""Appraisal: what a finished book says about its own order, completeness and doubts."""
