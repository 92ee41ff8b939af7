"""Simulated queues beside queueing theory: independent replications, warm-up, 95 % intervals.

Each claim is judged on replications of several seeds. Were the simulator right, the mean of all
replications would lie outside its interval of 99.9 % once in a thousand claims (the tests are many,
and are to fail only for a reason), and single seeds' 95 % intervals would miss one time in twenty.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simulation_models import BEGINS, HOUR, a_model, constant, exponential, line
from thalweg.redesign.model.model import Model
from thalweg.redesign.simulate.arrivals import draw_arrivals
from thalweg.redesign.simulate.compile import compile_model
from thalweg.redesign.simulate.lived import WAITS, Lived
from thalweg.redesign.simulate.simulate import simulate

SEEDS, RUNS = 20, 20
SPAN_S, WARM_UP_S = 3_000 * HOUR, 500 * HOUR
T_19 = 2.093
"""Student's t, 19 degrees of freedom, 95 %."""
FAR = 3.3
"""Standard errors that a right mean exceeds once in a thousand times."""
LEAST_COVERED = 15
"""Of 20 intervals of 95 %: fewer would cover once in four hundred times."""


def lives(model: Model) -> list[Lived]:
    return [
        simulate(model, span_s=SPAN_S, runs=RUNS, seed=seed, warm_up_s=WARM_UP_S, threads=1)
        for seed in range(SEEDS)
    ]


def agrees(by_seed: list[Any], truth: float) -> None:
    """Means of replications by seed: intervals cover the truth, and all together are near it."""
    means = np.array(by_seed, float)
    assert means.shape == (SEEDS, RUNS)
    half = T_19 * means.std(axis=1, ddof=1) / math.sqrt(RUNS)
    covered = int((np.abs(means.mean(axis=1) - truth) <= half).sum())
    error = means.std(ddof=1) / math.sqrt(means.size)
    assert abs(means.mean() - truth) < FAR * error
    assert covered >= LEAST_COVERED


def waits_h(lived: Lived, activity: int = 0) -> Any:
    """Mean wait for a place by replication, hours."""
    contention = WAITS.index("contention")
    return lived.wait_s[:, activity, contention] / lived.visits[:, activity] / HOUR


def a_queue(rate: float, work: dict[str, Any], servers: int = 1, **parts: Any) -> Model:
    return a_model(
        activities=[{"name": "a", "work": work, **parts.pop("activity", {})}],
        pools=[{"name": "p", "count": servers, "skills": {"a": 1}}],
        arrivals={"kind": "gaps", "gap": exponential(HOUR / rate)},
        **parts,
    )


def erlang_c(servers: int, offered: float) -> float:
    """Probability of waiting (Erlang 1917)."""
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize(("servers", "rate"), [(1, 0.5), (1, 0.8), (3, 2.4), (8, 6.0)])
def test_exponential_queues_wait_as_erlang_says(servers: int, rate: float) -> None:
    found = lives(a_queue(rate, exponential(HOUR), servers))
    wait = erlang_c(servers, rate) / (servers - rate)
    agrees([waits_h(one) for one in found], wait)
    agrees([one.in_progress for one in found], rate * (wait + 1))
    agrees([one.queue[:, 0] for one in found], rate * wait)
    agrees([one.busy_s[:, 0] / one.duty_s[:, 0] for one in found], rate / servers)


@pytest.mark.parametrize(
    ("of", "squared_cv"),
    [
        ({"law": "constant", "value_s": HOUR}, 0.0),
        ({"law": "uniform", "low_s": 0, "high_s": 2 * HOUR}, 1 / 3),
        ({"law": "gamma", "mean_s": HOUR, "shape": 0.5}, 2.0),
        ({"law": "gamma", "mean_s": HOUR, "shape": 4}, 0.25),
        (
            {"law": "lognormal", "median_s": HOUR * math.exp(-0.18), "sigma": 0.6},
            math.exp(0.36) - 1,
        ),
    ],
)
def test_single_servers_wait_as_pollaczek_and_khinchine_say(
    of: dict[str, Any], squared_cv: float
) -> None:
    found = lives(a_queue(0.7, {"of": of}))
    agrees([waits_h(one) for one in found], 0.7 * (1 + squared_cv) / 2 / (1 - 0.7))


def test_urgent_classes_wait_as_cobham_says() -> None:
    """Non-preemptive priorities (Cobham 1954): W_k = R / ((1 - s_{k-1}) (1 - s_k))."""
    model = a_queue(
        0.8, exponential(HOUR), classes={"x": 0.25, "y": 0.75}, activity={"urgent": ["x"]}
    )
    found = lives(model)
    residual = 0.8
    for code, truth in ((0, residual / (1 - 0.2)), (1, residual / (1 - 0.2) / (1 - 0.8))):
        cycles = [
            [
                one.cycle_s[r][one.of_class[r] == code].mean() / HOUR - 1.0
                for r in range(RUNS)
            ]
            for one in found
        ]  # fmt: skip
        agrees(cycles, truth)


@pytest.mark.parametrize("queue", ["lifo", "random"])
def test_the_order_of_a_queue_leaves_the_mean_wait_alone(queue: str) -> None:
    found = lives(a_queue(0.7, exponential(HOUR), activity={"queue": queue}))
    agrees([waits_h(one) for one in found], 0.7 / 0.3)


def test_networks_with_returns_wait_as_jackson_says() -> None:
    """a to b; b back to a for a third (Jackson 1957): both see 1.5 times the arrivals."""
    model = a_model(
        activities=[
            {"name": "a", "work": exponential(HOUR)},
            {"name": "b", "work": exponential(1.2 * HOUR)},
        ],
        pools=[{"name": "p", "skills": {"a": 1}}, {"name": "q", "count": 2, "skills": {"b": 1}}],
        routing=line("a", "b", b={"a": 1 / 3, "(end)": 2 / 3}),
        arrivals={"kind": "gaps", "gap": exponential(2.5 * HOUR)},
    )
    found = lives(model)
    rate, offered = 0.6, 0.6 * 1.2
    agrees([waits_h(one, 0) for one in found], rate / (1 - rate))
    agrees([waits_h(one, 1) for one in found], erlang_c(2, offered) * 1.2 / (2 - offered))


def test_batches_of_a_fixed_size_wait_for_their_last() -> None:
    """Batches of 4 from Poisson arrivals, never a queue: the mean wait is 1.5 gaps."""
    model = a_model(
        activities=[{
            "name": "a", "work": constant(0.001), "batch": {"least": 4, "most": 4},
        }],
        arrivals={"kind": "gaps", "gap": exponential(HOUR)},
    )  # fmt: skip
    found = lives(model)
    batch = WAITS.index("batch")
    agrees([one.wait_s[:, 0, batch] / one.visits[:, 0] / HOUR for one in found], 1.5)


def test_batch_service_queues_as_the_embedded_chain_says() -> None:
    """Constant service of up to 5 at once, all who wait go (Bailey 1954): the chain of those left
    behind by each service, solved numerically."""
    rate, most = 3.0, 5
    model = a_queue(rate, constant(HOUR), activity={"batch": {"most": most}})
    found = lives(model)
    # Services begin every hour when somebody waits; else at the next arrival.
    size = 400
    arrived = np.array(
        [math.exp(-rate + k * math.log(rate) - math.lgamma(k + 1)) for k in range(80)]
    )
    chain = np.zeros((size, size))
    for waiting in range(size):
        left = max(max(waiting, 1) - most, 0)
        for k, p in enumerate(arrived):
            chain[waiting, min(left + k, size - 1)] += p
    steady = np.full(size, 1 / size)
    for _ in range(3000):
        steady = steady @ chain
    # Those in line over time: left at a beginning, plus half of the arrivals within the service.
    left = np.maximum(np.maximum(np.arange(size), 1) - most, 0)
    in_line = float(steady @ (left + rate / 2))
    cycle = 1.0 + steady[0] / rate
    served = float(steady @ np.minimum(np.maximum(np.arange(size), 1), most))
    agrees([one.in_progress for one in found], (in_line + served) / cycle)


def test_machines_wait_for_repair_as_in_a_closed_population() -> None:
    """5 machines, 1 repairman (Palm 1943): each works exp(4 h), then is repaired for exp(1 h)."""
    machines, up, repair = 5, 4.0, 1.0
    model = a_model(
        activities=[
            {"name": "work", "work": exponential(up * HOUR), "automatic": True},
            {"name": "repair", "work": exponential(repair * HOUR)},
        ],
        pools=[{"name": "p", "skills": {"repair": 1}}],
        routing=line("work", "repair", repair={"work": 1 - 1e-12, "(end)": 1e-12}),
        arrivals={"kind": "replay", "at_s": [], "weeks": 1},
        under_way=[
            {"object": f"m{i}", "arrived_at": "2024-01-01T00:00:00Z", "activity": "work"}
            for i in range(machines)
        ],
    )
    weight = [math.perm(machines, k) * (repair / up) ** k for k in range(machines + 1)]
    found = lives(model)
    agrees([one.busy_s[:, 0] / one.duty_s[:, 0] for one in found], 1 - weight[0] / sum(weight))


def test_objects_in_progress_are_the_sum_of_their_stays() -> None:
    """Little's law on one path, exactly: there is no expectation in it."""
    span = 300 * HOUR
    lived = simulate(a_queue(0.9, exponential(HOUR)), span_s=span, runs=4, seed=5)
    for r in range(4):
        begins = int(BEGINS.timestamp()) * 10**9
        drawn = draw_arrivals(
            compile_model(a_queue(0.9, exponential(HOUR)), span_s=span), seed=5, run=r
        )
        open_s = sum(
            span - t / 1e9
            for t, key in zip(drawn.time_ns.tolist(), drawn.key.tolist(), strict=True)
            if key not in set(lived.key[r].tolist())
        )
        stays = float(lived.cycle_s[r].sum()) + open_s
        assert lived.arrived_ns[r].min() >= begins
        assert lived.in_progress[r] * span == pytest.approx(stays, rel=1e-9)
