"""Waiting: how long work that could have begun did not begin, and why."""
