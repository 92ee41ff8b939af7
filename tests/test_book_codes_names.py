"""Names become codes by first appearance, whatever the batches and even if hashes collide."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.records.store import coding
from thalweg.records.store.coding import Coder, IdIndex
from thalweg.records.store.sequences import NO_OBJECT

NAMES = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from("abc")), max_size=40)


def plain(batches: list[list[str | None]]) -> tuple[list[int], list[str]]:
    known: dict[str, int] = {}
    codes = [
        int(NO_OBJECT) if name is None else known.setdefault(name, len(known))
        for batch in batches
        for name in batch
    ]
    return codes, list(known)


def coded(coder: Coder, batches: list[list[str | None]]) -> tuple[list[int], list[str]]:
    codes = [coder.encode(pl.Series(batch, dtype=pl.String)) for batch in batches]
    return [int(code) for batch in codes for code in batch], coder.names().to_list()


@given(batches=st.lists(NAMES, max_size=5))
@settings(deadline=None)
def test_codes_are_those_of_a_dictionary(batches: list[list[str | None]]) -> None:
    assert coded(Coder(), batches) == plain(batches)


@pytest.mark.parametrize("bits", [0, 1, 3, 5])
def test_names_that_share_a_hash_keep_codes_of_their_own(
    monkeypatch: pytest.MonkeyPatch, bits: int
) -> None:
    """The first three seeds give hashes of a few bits only."""
    honest = coding._hashes

    def weak(names: pl.Series, seed: int) -> np.ndarray:
        hashes = honest(names, seed)
        return hashes if seed >= 3 else hashes & np.uint64((1 << bits) - 1)

    monkeypatch.setattr(coding, "_hashes", weak)
    batches: list[list[str | None]] = [
        [f"n{k % (7 + 13 * b)}" for k in range(60)] for b in range(4)
    ]
    assert coded(Coder(), batches) == plain(batches)


def test_many_names_in_many_batches() -> None:
    chance = np.random.default_rng(5)
    batches = [pl.Series(chance.integers(0, 60_000, 30_000)).cast(pl.String) for _ in range(8)]
    coder = Coder()
    codes = np.concatenate([coder.encode(batch) for batch in batches])
    whole = pl.concat(batches)
    assert coder.names().equals(whole.unique(maintain_order=True).alias("name"))
    assert coder.names().gather(codes).equals(whole.alias("name"))


def test_an_index_of_ids_answers_minus_one_for_strangers_and_null() -> None:
    index = IdIndex()
    index.put(pl.Series(["a", None, "b"]), np.array([3, 9, 4]))
    assert index.find(pl.Series(["b", "x", None, "a"])).tolist() == [4, -1, -1, 3]
    index.put(pl.Series(["x"]), np.array([7]))
    assert index.find(pl.Series(["x"])).tolist() == [7]
