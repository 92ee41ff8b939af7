"""A world written out as its user would have it: logs, ERP tables, side tables, and its truth."""
