"""Checks: what could make an effect untrue, looked for one by one.

Each module asks one question of a ``Design`` and answers with a ``Check``; words for its codes live
with the surfaces. ``grade`` reads the answers.
"""
