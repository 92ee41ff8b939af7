"""Carry-over and contributions beside pymc-marketing, on the example of its own documentation.

The example is one weekly series with trend, seasons, two events and two channels, drawn anew here
from the formula and seed of its notebook ("MMM Example Notebook", Apache-2.0). A single series has
no month effects to take out, so this compares curves, carry-over and contributions, not
``fit_response``, which answers such a series with bounds.

pip install -e ".[dev,study]"                  (pymc-marketing is Apache-2.0; 0.8 GB with all it needs)
python benchmarks/study.py --only peers        this comparison alone
python benchmarks/peers_response.py pymc       rows of pymc-marketing
python benchmarks/peers_response.py ours       rows of thalweg
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CARRY, LAM, BETA = (0.4, 0.2), (4.0, 3.0), (3.0, 2.0)
LAGS = 8


def example() -> tuple[pd.DataFrame, Floats]:
    """The series, and the true contributions of both channels (2,) as shares of y."""
    rng = np.random.default_rng(sum(map(ord, "mmm")))
    dates = pd.date_range("2018-04-01", "2021-09-01", freq="W-MON")
    n = len(dates)
    first = rng.uniform(size=n)
    second = rng.uniform(size=n)
    spend = np.stack((np.where(first > 0.9, first, first / 2), np.where(second > 0.8, second, 0.0)))
    day = dates.day_of_year.to_numpy()
    season = 0.5 * (np.cos(2 * np.pi * day / 365.5) - np.sin(4 * np.pi * day / 365.5))
    trend = (np.linspace(0.0, 50.0, n) + 10) ** 0.25 - 1
    event_1, event_2 = (np.asarray(dates == when, float) for when in ("2019-05-13", "2020-09-14"))
    paid = np.stack([BETA[c] * saturated(adstock(spend[c], CARRY[c]), LAM[c]) for c in (0, 1)])
    rest = 2.0 + trend + season + 1.5 * event_1 + 2.5 * event_2
    y = rest + paid.sum(axis=0) + 0.25 * rng.standard_normal(n)
    table = pd.DataFrame(
        {
            "date": dates,
            "x1": spend[0],
            "x2": spend[1],
            "event_1": event_1,
            "event_2": event_2,
            "t": np.arange(n) / n,
            "y": y,
        }
    )
    return table, paid.sum(axis=1) / y.sum()


def adstock(spend: Floats, carry: float) -> Floats:
    """Normalised geometric carry-over of eight weeks."""
    weights = carry ** np.arange(LAGS)
    return np.convolve(spend, weights / weights.sum())[: len(spend)]


def saturated(stock: Floats, lam: float) -> Floats:
    return np.asarray((1 - np.exp(-lam * stock)) / (1 + np.exp(-lam * stock)))


def pymc() -> None:
    from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation
    from pymc_marketing.mmm.multidimensional import MMM

    table, truth = example()
    model = MMM(
        date_column="date",
        target_column="y",
        channel_columns=["x1", "x2"],
        control_columns=["event_1", "event_2", "t"],
        adstock=GeometricAdstock(l_max=LAGS),
        saturation=LogisticSaturation(),
        yearly_seasonality=2,
    )
    model.fit(
        table.drop(columns="y"),
        table["y"],
        chains=2,
        cores=1,
        tune=300,
        draws=300,
        random_seed=1,
        progressbar=False,
    )
    found = model.fit_result
    scale = float(table["y"].abs().max())
    shares = found["channel_contribution"].sum("date") * scale / table["y"].sum()
    for c, name in enumerate(("x1", "x2")):
        carry, share = found["adstock_alpha"].values[..., c], shares.values[..., c]
        low, high = np.quantile(share, (0.025, 0.975))
        print(
            f"| pymc-marketing | {name} | {CARRY[c]:.2f} | {carry.mean():.2f} ± {carry.std():.2f} | "
            f"{truth[c]:.3f} | {share.mean():.3f} | {low:.3f} to {high:.3f} |"
        )


def ours() -> None:
    """Our curves and odds of shapes by least squares, months replaced by the example's controls."""
    from thalweg.economy.response.features import shaped
    from thalweg.economy.response.fit import CARRIES, CURVES
    from thalweg.economy.response.shapes import CARRY_LAW

    table, truth = example()
    y, day = table["y"].to_numpy(), table["date"].dt.day_of_year.to_numpy()
    waves = [f(2 * np.pi * k * day / 365.25) for k in (1, 2) for f in (np.sin, np.cos)]
    controls = [np.ones(len(y)), table["t"], table["event_1"], table["event_2"], *waves]
    spend = [table[name].to_numpy() for name in ("x1", "x2")]
    relative = [one / one[one > 0].mean() for one in spend]
    rows: list[tuple[float, float, float, Floats, Floats]] = []
    for one in CARRIES:
        for two in CARRIES:
            for half, power in CURVES:
                answers = [
                    shaped(r[None], c, half, 0.0, power)[0]
                    for r, c in zip(relative, (one, two), strict=True)
                ]
                x = np.column_stack((*answers, *controls))
                beta, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
                variance = float(rest[0]) / (len(y) - x.shape[1])
                inverse = np.linalg.inv(x.T @ x)
                scale = np.array([answer.sum() for answer in answers]) / y.sum()
                spread = variance * inverse[:2, :2] * np.outer(scale, scale)
                law = sum(
                    (CARRY_LAW[0] - 1) * np.log(max(c, 0.05))
                    + (CARRY_LAW[1] - 1) * np.log1p(-min(c, 0.95))
                    for c in (one, two)
                )
                log = (
                    -0.5 * (len(y) - x.shape[1]) * np.log(rest[0])
                    + 0.5 * np.linalg.slogdet(spread)[1]
                    + law
                )
                rows.append((float(log), one, two, beta[:2] * scale, spread))
    logs = np.array([row[0] for row in rows])
    odds = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    rng = np.random.default_rng(1)
    picks = rng.choice(len(rows), 4_000, p=odds)
    shares = np.stack([rng.multivariate_normal(rows[p][3], rows[p][4]) for p in picks])
    for c, name in enumerate(("x1", "x2")):
        carry = np.array([rows[p][1 + c] for p in picks])
        low, high = np.quantile(shares[:, c], (0.025, 0.975))
        print(
            f"| thalweg | {name} | {CARRY[c]:.2f} | {carry.mean():.2f} ± {carry.std():.2f} | "
            f"{truth[c]:.3f} | {shares[:, c].mean():.3f} | {low:.3f} to {high:.3f} |"
        )


def rows_of(whose: str) -> list[str]:
    """Rows of the table, made by this file in a process of its own: samplers keep what they set."""
    made = subprocess.run(
        [sys.executable, __file__, whose], capture_output=True, text=True, check=True
    )
    return [line for line in made.stdout.splitlines() if line.startswith("|")]


def report(_runs: int, _seed: int) -> Iterator[str]:
    """The section of the study, line by line."""
    there = find_spec("pymc_marketing") is not None
    name = f"pymc-marketing {version('pymc-marketing')}" if there else "pymc-marketing"
    yield f"## Bought or earned: beside {name}\n"
    yield (
        "The example of its documentation: one weekly series, made by its own logistic curve. Ours is "
        "curves and odds of shapes of the response with the example's controls; `fit_response` itself "
        "answers one series with bounds.\n"
    )
    if not there:
        yield "pymc-marketing is not installed here (extra `study`): only our rows.\n"
    yield "| | channel | true carry-over | carry-over | true share of revenue | share | 95 % |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    if there:
        yield from rows_of("pymc")
    yield from rows_of("ours")


if __name__ == "__main__":
    {"pymc": pymc, "ours": ours}[sys.argv[1]]()
