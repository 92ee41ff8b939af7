"""Drift: when the process itself changed, in its paths or in its times.

``scores`` says what each object shows, ``segments`` and ``shuffles`` test whether a stretch of
objects holds a change, ``changes`` places it and names what changed, ``drift`` puts a result together, ``schema``
describes it, and ``simulated`` makes logs whose changes are known.
"""
