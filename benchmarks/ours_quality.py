"""Thalweg's side of the measurements of model quality: alignments and the four figures."""

from __future__ import annotations

from pathlib import Path

import thalweg
from measure import Reading
from thalweg.process.alignment.alignments import align
from thalweg.process.alignment.quality import model_quality
from thalweg.process.discovery.inductive import discover_tree
from thalweg.process.models.convert import tree_to_net
from thalweg.process.models.files.pnml import read_pnml, write_pnml
from thalweg.process.weighted import WeightedVariants, weigh_variants


def _variants(book: str, at_least: int = 1) -> WeightedVariants:
    """The variants of at least so many objects; they come the most frequent first."""
    variants, _ = weigh_variants(thalweg.open_book(book).perspective("case"))
    kept = int((variants.count >= at_least).sum())
    end = variants.offsets[kept]
    return WeightedVariants(
        variants.names, variants.offsets[: kept + 1], variants.codes[:end], variants.count[:kept]
    )


def make_model(book: str, model: str, noise: float = 0.2) -> Reading:
    """The model that all are measured with, as PNML."""
    reading = Reading()
    with reading.clock("discover"):
        net = tree_to_net(discover_tree(_variants(book), noise))
    write_pnml(net, Path(model))
    reading.answers = {"places": len(net.places), "transitions": len(net.transitions)}
    return reading


def alignments(book: str, model: str, at_least: int = 1) -> Reading:
    """Each variant aligned once."""
    variants, net, reading = _variants(book, at_least), read_pnml(model), Reading()
    for part in ("fresh process", "again"):
        with reading.clock(part):
            found = align(net, variants)
    reading.answers = {
        "variants": variants.variants,
        "exact": int(found.exact.sum()),
        "cost": int((found.high * found.count).sum()),
    }
    return reading


def quality(book: str, model: str, at_least: int = 1) -> Reading:
    """Fitness, precision, generalisation and simplicity of one model."""
    variants, net, reading = _variants(book, at_least), read_pnml(model), Reading()
    for part in ("fresh process", "again"):
        with reading.clock(part):
            found = model_quality(net, variants)
    reading.answers = found.to_json()
    return reading
