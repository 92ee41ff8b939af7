"""Process: how the work really runs, measured.

Every measure is a mergeable aggregate over a perspective. A module here holds one measure: a
compiled kernel over a run of objects, a small frozen aggregate with ``merge``, and a function that
turns the aggregate into a table with units in its column names. ``map`` puts them together.
"""
