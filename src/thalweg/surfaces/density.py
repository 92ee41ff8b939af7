"""Regions that hold a share of a cloud of draws: outlines of highest density."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]
Key = tuple[int, int, int]

GRID = 72
_LEAST_BANDWIDTH = 0.006
"""Of the range that is drawn: draws that hardly differ still have an outline that can be seen."""
_NEVER_ABOVE = 0.95
"""Of the highest density: draws that are all alike have an outline, too."""
_MARGIN = 4
"""Bandwidths around the draws that the grid covers, so that outlines close."""
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),),
    7: ((3, 2),), 8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),),
    13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
"""Which sides of a cell the outline joins, by which of its corners are dense (bits: lower left,
lower right, upper right, upper left; sides: lower, right, upper, left)."""


def outlines(x: Floats, y: Floats, share: float, span: Point) -> list[list[Point]]:
    """Closed outlines of the smallest region that holds a share of the draws.

    Takes    x, y: draws. share: above 0, below 1. span: lengths of the two axes as drawn, the
             measure of what can be told apart.
    Returns  one closed line of points for each part of the region.
    Source   Highest density regions: Hyndman (1996), Computing and graphing highest density
             regions, The American Statistician 50(2), with a Gaussian kernel and Scott's bandwidth.
    """
    wide, tall = (_bandwidth(v, s) for v, s in ((x, span[0]), (y, span[1])))
    across = np.linspace(x.min() - _MARGIN * wide, x.max() + _MARGIN * wide, GRID)
    up = np.linspace(y.min() - _MARGIN * tall, y.max() + _MARGIN * tall, GRID)
    by_x, by_y = _kernel(across, x, wide), _kernel(up, y, tall)
    density = by_y @ by_x.T
    at_draws = ((density @ _hats(x, across)) * _hats(y, up)).sum(axis=0)
    level = min(float(np.quantile(at_draws, 1 - share)), _NEVER_ABOVE * float(density.max()))
    return _contours(across, up, density, level)


def _bandwidth(values: Floats, span: float) -> float:
    scott = float(values.std()) * len(values) ** (-1 / 6)
    return float(max(scott, _LEAST_BANDWIDTH * span))


def _kernel(grid: Floats, values: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2))


def _hats(values: Floats, axis: Floats) -> Floats:
    """(grid, draws) weights that interpolate a grid linearly at the draws."""
    step = axis[1] - axis[0]
    return np.asarray(np.clip(1 - np.abs(axis[:, None] - values[None, :]) / step, 0, None))


def _contours(across: Floats, up: Floats, density: Floats, level: float) -> list[list[Point]]:
    """Marching squares: every cell gives segments, which are joined end to end."""
    dense = density >= level
    after: dict[Key, Key] = {}
    code = dense[:-1, :-1] * 1 + dense[:-1, 1:] * 2 + dense[1:, 1:] * 4 + dense[1:, :-1] * 8
    for row, column in zip(*np.nonzero((code > 0) & (code < 15)), strict=True):
        at = (int(row), int(column))
        for start, end in _SEGMENTS[int(code[at])]:
            after[_side(at, start)] = _side(at, end)
    found = []
    while after:
        first, key = next(iter(after.items()))
        line = [first]
        del after[first]
        while key != first and key in after:
            line.append(key)
            key = after.pop(key)
        found.append([_crossing(k, across, up, density, level) for k in line])
    return [line for line in found if len(line) > 2]


def _side(cell: tuple[int, int], side: int) -> Key:
    """A side of a cell by the grid point that it starts from and its direction (0: right, 1: up)."""
    row, column = cell
    return (
        (row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1),
    )[side]  # fmt: skip


def _crossing(key: Key, across: Floats, up: Floats, density: Floats, level: float) -> Point:
    """Where the density passes the level on a side, between its two grid points."""
    row, column, way = key
    far = (row + 1, column) if way else (row, column + 1)
    one, other = density[row, column], density[far]
    part = 0.5 if one == other else float(np.clip((level - one) / (other - one), 0, 1))
    x = across[column] + (0 if way else part * (across[1] - across[0]))
    y = up[row] + (part * (up[1] - up[0]) if way else 0)
    return float(x), float(y)
