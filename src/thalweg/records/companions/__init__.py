"""Tables beside the events: parties, interventions, and what else a question needs to know.

Each kind of table is one schema: its columns, the names that they go by, and what its rows must
keep to. Reading, storing, replacing, verifying and telling are the same for all of them.
"""
