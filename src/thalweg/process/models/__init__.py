"""Models: process trees, Petri nets and BPMN, how they turn into one another, and their files.

A model knows nothing of records. Discovery makes trees, conformance replays nets, people draw BPMN.
"""
