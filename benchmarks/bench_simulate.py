"""Speed and memory of the simulator on one core, beside SimPy and Ciw, and what shared luck brings.

python benchmarks/bench_simulate.py             prints; with --keep into results.json and RESULTS.md
"""

from __future__ import annotations

import argparse
import json
import random
import tracemalloc
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from measure import HERE, Reading, run

MM3_CASES = 1_000_000
PEER_CASES = 50_000
PROCESS_DAYS = 2_000
PAIRS, PAIR_DAYS = 200, 60
ARRIVAL_S, WORK_S, SERVERS = 400.0, 1000.0, 3
DAY_S = 86_400.0
"""M/M/3 of utilisation .83."""
OFFICE = {day: ["08:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
SHIFTS = {day: ["06:00-22:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat")}


def mm3(cases: int) -> tuple[Any, float]:
    """The model of three servers, and a span that brings about so many cases."""
    from thalweg.redesign.model.model import Model

    model = Model.model_validate({
        "name": "mm3", "begins_at": datetime(2024, 1, 1, tzinfo=UTC),
        "activities": [{"name": "a", "work": {"of": {"law": "exponential", "mean_s": WORK_S}}}],
        "pools": [{"name": "p", "count": SERVERS, "skills": {"a": 1}}],
        "flows": [{"type": "case", "routing": [
            {"after": ["(start)"], "next": {"a": 1}}, {"after": ["a"], "next": {"(end)": 1}}]}],
        "arrivals": {"kind": "gaps", "gap": {"of": {"law": "exponential", "mean_s": ARRIVAL_S}}},
    })  # fmt: skip
    return model, cases * ARRIVAL_S


def process(per_hour: float = 7.5, more: int = 0, factor: float = 1.0) -> Any:
    """15 activities, 34 people in 8 pools that overlap, two calendars, two returns, a batch, urgent
    cases and priorities. more: people in the busiest pool; factor: of the work of its activity."""
    from thalweg.redesign.model.model import Model

    names = [f"a{i:02d}" for i in range(15)]
    laws = ("exponential", "lognormal", "gamma", "uniform")
    activities: list[dict[str, Any]] = []
    for i, name in enumerate(names):
        mean = 600.0 + 60.0 * i
        law = {
            "exponential": {"law": "exponential", "mean_s": mean},
            "lognormal": {"law": "lognormal", "median_s": mean * 0.8, "sigma": 0.66},
            "gamma": {"law": "gamma", "mean_s": mean, "shape": 2.0},
            "uniform": {"law": "uniform", "low_s": mean / 2, "high_s": 1.5 * mean},
        }[laws[i % 4]]
        activities.append({"name": name, "work": {"of": law}})
    activities[2] |= {"urgent": ["rush"]}
    activities[4]["work"]["factor"] = factor
    activities[5] |= {"priority": 1}
    activities[7] |= {"batch": {"least": 3, "most": 6, "longest_wait_s": 14_400.0}}
    activities[9] |= {"delay": {"of": {"law": "exponential", "mean_s": 7200.0}}}
    counts = (2, 6, 2, 6, 3, 6, 3, 6)
    pools = [
        {
            "name": f"p{p}", "count": n + (more if p == 2 else 0),
            "calendar": "office" if p % 2 else "shifts",
            "skills": {names[i]: 1.0 for i in (2 * p, 2 * p + 1, (2 * p + 5) % 15) if i < 15},
        }
        for p, n in enumerate(counts)
    ]  # fmt: skip
    routing = [{"after": ["(start)"], "next": {names[0]: 1.0}}]
    back = {names[4]: names[2], names[10]: names[8]}
    for name, following in pairwise([*names, "(end)"]):
        share = {following: 0.85, back[name]: 0.15} if name in back else {following: 1.0}
        routing.append({"after": [name], "next": share})
    return Model.model_validate({
        "name": "process", "zone": "Europe/Berlin", "begins_at": datetime(2024, 1, 1, tzinfo=UTC),
        "classes": {"rush": 0.2, "plain": 0.8}, "activities": activities, "pools": pools,
        "calendars": {"office": {"zone": "Europe/Berlin", "hours": OFFICE},
                      "shifts": {"zone": "Europe/Berlin", "hours": SHIFTS}},
        "flows": [{"type": "case", "routing": routing}],
        "arrivals": {"kind": "rate",
                     "per_hour": [per_hour if 8 <= h % 24 < 18 and h < 120 else 0.0 for h in range(168)]},
    })  # fmt: skip


def _lived(model: Any, span_s: float) -> Reading:
    from thalweg.redesign.simulate.simulate import simulate

    simulate(model, span_s=DAY_S, runs=1, seed=0, threads=1)
    reading = Reading()
    with reading.clock("one core"):
        lived = simulate(model, span_s=span_s, runs=1, seed=1, threads=1)
    worked = reading.processor_s["one core"]
    events, cases = (lived.facts or {})["events"], int(lived.objects[0])
    tracemalloc.start()
    simulate(model, span_s=span_s, runs=1, seed=1, threads=1)
    bytes_each = tracemalloc.get_traced_memory()[1] / cases
    tracemalloc.stop()
    busy = float(lived.busy_s.sum() / lived.duty_s.sum())
    reading.answers = {
        "cases": cases,
        "events_per_s": round(events / worked),
        "cases_per_s": round(cases / worked),
        "bytes_per_case": round(bytes_each),
        "mean_cycle_s": float(lived.cycle_s[0].mean()),
        "busy": busy,
        "in_progress": float(lived.in_progress[0]),
    }
    return reading


def ours_mm3() -> Reading:
    return _lived(*mm3(MM3_CASES))


def ours_process() -> Reading:
    return _lived(process(), PROCESS_DAYS * DAY_S)


def peer_simpy() -> Reading:
    """The same three servers as processes of SimPy."""
    import simpy

    luck, cycles = random.Random(1), []
    env = simpy.Environment()
    desk = simpy.Resource(env, SERVERS)

    def case() -> Any:
        arrived = env.now
        with desk.request() as asked:
            yield asked
            yield env.timeout(luck.expovariate(1 / WORK_S))
        cycles.append(env.now - arrived)

    def arrivals() -> Any:
        for _ in range(PEER_CASES):
            yield env.timeout(luck.expovariate(1 / ARRIVAL_S))
            env.process(case())

    reading = Reading()
    with reading.clock("one core"):
        env.process(arrivals())
        env.run()
    return _peer(reading, len(cycles), float(np.mean(cycles)))


def peer_ciw() -> Reading:
    """The same three servers as a network of Ciw."""
    import ciw

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(1 / ARRIVAL_S)],
        service_distributions=[ciw.dists.Exponential(1 / WORK_S)],
        number_of_servers=[SERVERS],
    )
    ciw.seed(1)
    reading = Reading()
    with reading.clock("one core"):
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_customers(PEER_CASES)
    records = simulation.get_all_records()
    cycles = [one.exit_date - one.arrival_date for one in records]
    return _peer(reading, len(cycles), float(np.mean(cycles)))


def _peer(reading: Reading, cases: int, mean_s: float) -> Reading:
    worked = reading.processor_s["one core"]
    reading.answers = {
        "cases": cases,
        "events_per_s": round(2 * cases / worked),
        "cases_per_s": round(cases / worked),
        "mean_cycle_s": mean_s,
    }
    return reading


def shared_luck() -> Reading:
    """Variance of the difference of two plans: other luck for each, over the same luck for both."""
    from thalweg.redesign.simulate.simulate import simulate

    def means(model: Any, seed: int) -> Any:
        lived = simulate(model, span_s=PAIR_DAYS * DAY_S, runs=PAIRS, seed=seed, threads=1)
        return np.array([one.mean() for one in lived.cycle_s])

    reading = Reading()
    with reading.clock("five plans"):
        base, other = means(process(), 1), means(process(), 2)
        for name, plan in (
            ("one_more_person", process(more=1)),
            ("a_tenth_faster", process(factor=0.9)),
        ):
            changed = means(plan, 1)
            reading.answers[f"ratio_{name}"] = float(
                np.var(changed - other) / np.var(changed - base)
            )
            reading.answers[f"change_{name}_s"] = float((changed - base).mean())
    return reading


TASKS = {
    "simulate_mm3": "ours_mm3",
    "simulate_process": "ours_process",
    "simulate_simpy": "peer_simpy",
    "simulate_ciw": "peer_ciw",
    "simulate_luck": "shared_luck",
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def measure_simulate() -> dict[str, Any]:
    """All measurements, each in a process of its own."""
    found: dict[str, Any] = {}
    for name, task in TASKS.items():
        reading = run(f"bench_simulate.{task}", environment=ONE_THREAD)
        found[name] = asdict(reading)
        print(name, reading.failed or reading.answers, flush=True)
    return found | {"date": datetime.now(UTC).date().isoformat()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the simulator beside its peers.")
    parser.add_argument("--keep", action="store_true", help="write results.json and RESULTS.md")
    keep = parser.parse_args().keep
    found = measure_simulate()
    if keep:
        from results import render

        path = HERE / "results.json"
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["simulate"] = found
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (HERE / "RESULTS.md").write_text(render(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
