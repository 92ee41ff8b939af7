"""Drift: when the process itself changed, in its paths or in its times."""
