"""Pause experiments: months without paid traffic, drawn by lot, that tell what traffic brings.

``plan.plan_pauses`` draws them and says how precise the answer will be and what it costs;
``assignment_file.write_pauses`` writes the table that ingesting reads back.
"""
