"""What the user's industry calls its things: layers, units, windows, kinds of intervention.

A profile is a small YAML file that is checked when it is read and kept in the book. Nothing about
an industry is guessed where a profile says it; where none does, a draft is offered and named so.
"""
