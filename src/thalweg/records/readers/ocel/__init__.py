"""OCEL 1.0 and 2.0 in all their formats: each fills one draft, which becomes one batch."""
