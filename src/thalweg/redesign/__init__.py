"""Redesign: what a change of the process would bring, before money is spent on it.

``learn/`` reads a simulation model off a book, with copies refitted on resampled objects for what
is not known of it. ``model/`` is that model: a file that people read, edit and write by hand.
``simulate/`` lets it live, ``whatif/`` lets it live with and without a change on the same chance
events, ``search/`` looks for the changes worth most, and ``review/`` holds what was foretold
against what ``prove`` found once it was rolled out.
"""
