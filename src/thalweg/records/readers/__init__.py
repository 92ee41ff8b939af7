"""Readers: one module per family of formats, each with ``read(source, request) -> Intake``."""
