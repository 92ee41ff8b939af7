"""Planning: what a roll-out could show, and which dates for which units would show most.

``plan_rollout`` takes the outcome's baseline and what is intended, draws the dates by lot, and runs
the later analysis on panels as they may come. ``write_assignment`` writes the dates as a table that
ingesting reads back as the interventions of the next book.
"""
