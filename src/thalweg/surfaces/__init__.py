"""Surfaces: where people meet the figures — command line, pictures and report.

A surface computes nothing that a measure should; it chooses, words, draws and formats. Results
come in frozen, and texts come from one catalogue per language.
"""
