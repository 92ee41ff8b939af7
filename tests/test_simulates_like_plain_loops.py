"""The compiled simulator and its twin in plain Python: the same pieces of work, to the nanosecond."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulation_models import BEGINS, ORDERS
from thalweg.errors import RequestError
from thalweg.redesign.model.model import Model
from thalweg.redesign.simulate.arrivals import draw_arrivals
from thalweg.redesign.simulate.compile import compile_model
from thalweg.redesign.simulate.layout import ROWS
from thalweg.redesign.simulate.simulate import replicate
from thalweg.redesign.simulate.twin import Row, Twin

HOURS_SPAN = 60
NAMES = ("a", "b", "c", "d")
SPLIT = ("s", "t")
CALENDARS = {
    "early": {"zone": "Europe/Berlin", "hours": {"mon": ["06:00-09:00", "10:00-12:00"],
                                                  "tue": ["06:00-12:00"]}},
    "late": {"hours": {"mon": ["11:00-20:00"], "tue": ["11:00-20:00"]}},
}  # fmt: skip
few = st.integers(1, 3)
seconds = st.sampled_from([0.0, 600.0, 1800.0, 3600.0, 9000.0])


def laws() -> st.SearchStrategy[dict[str, Any]]:
    positive = seconds.map(lambda s: s + 60.0)
    return st.one_of(
        st.builds(lambda s: {"law": "constant", "value_s": s}, seconds),
        st.builds(lambda s: {"law": "exponential", "mean_s": s}, positive),
        st.builds(lambda s: {"law": "uniform", "low_s": s, "high_s": 2 * s}, seconds),
        st.builds(lambda s: {"law": "lognormal", "median_s": s, "sigma": 0.8}, positive),
        st.builds(lambda s: {"law": "gamma", "mean_s": s, "shape": 0.7}, positive),
        st.builds(lambda s: {"law": "quantiles", "values_s": [0, s, 2 * s]}, seconds),
    )


def times() -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda of, zero, factor: {"of": of, "zero_share": zero, "factor": factor},
        laws(), st.sampled_from([0.0, 0.0, 0.3]), st.sampled_from([1.0, 0.5]),
    )  # fmt: skip


@st.composite
def batches(draw: st.DrawFn) -> dict[str, Any]:
    least = draw(few)
    return {
        "least": least,
        "most": least + draw(st.integers(0, 2)),
        "longest_wait_s": draw(st.sampled_from([None, 3600.0, 20_000.0])),
        "at": draw(st.sampled_from([None, None, CALENDARS["late"]])),
        "by_class": draw(st.booleans()),
        "each_s": draw(st.sampled_from([0.0, 300.0])),
    }


@st.composite
def activities(
    draw: st.DrawFn, name: str, others: tuple[str, ...], classes: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "work": draw(times())}

    def some(field: str, values: st.SearchStrategy[Any], share: int = 3) -> None:
        if draw(st.integers(0, share)) == 0:
            found[field] = draw(values)

    some("delay", times())
    some("delay_at", st.sampled_from(sorted(CALENDARS)))
    some("automatic", st.just(True), 5)
    some("runs_through", st.just(True))
    some("beside", st.lists(st.sampled_from(others), unique=True).map(tuple))
    some("most_visits", few)
    some("batch", batches())
    some("buffer", few, 4)
    some("queue", st.sampled_from(["lifo", "random"]), 2)
    some("priority", st.integers(0, 2))
    some("setup", times())
    some("scrap_share", st.just(0.1))
    if classes:
        some("urgent", st.sampled_from([("x",), ("y", "x")]))
    return found


@st.composite
def pools(draw: st.DrawFn, names: tuple[str, ...], classes: bool) -> list[dict[str, Any]]:
    everybody = {
        "name": "all", "count": draw(few), "skills": dict.fromkeys(names, 1.0),
        "calendar": draw(st.sampled_from([None, *CALENDARS])),
    }  # fmt: skip
    found = [everybody]
    for i in range(draw(st.integers(0, 2))):
        skills = draw(
            st.dictionaries(st.sampled_from(names), st.sampled_from([0.5, 2.0]), min_size=1)
        )
        found.append({
            "name": f"p{i}", "count": draw(few), "places": draw(st.integers(1, 2)), "skills": skills,
            "calendar": draw(st.sampled_from([None, *CALENDARS])),
            "serves": draw(st.sampled_from([(), ("x",)])) if classes else (),
        })  # fmt: skip
    return found


@st.composite
def routings(draw: st.DrawFn, names: tuple[str, ...], classes: bool) -> list[dict[str, Any]]:
    found = [{"after": ["(start)"], "next": {names[0]: 1.0}}]
    for name, following in pairwise([*names, "(end)"]):
        back = draw(st.sampled_from(names))
        share = draw(st.sampled_from([0.0, 0.25, 0.5]))
        nexts = {following: 1 - share}
        nexts[back] = nexts.get(back, 0.0) + share
        found.append({"after": [name], "next": nexts})
        if draw(st.integers(0, 3)) == 0:
            choice = {"after": [back, name], "next": {following: 1.0}}
            found.append({**choice, **({"of_class": "y"} if classes else {})})
    return found


@st.composite
def under_way(draw: st.DrawFn, names: tuple[str, ...], parts: dict[str, Any]) -> dict[str, Any]:
    hours = draw(st.integers(0, 20))
    done = draw(st.lists(st.sampled_from(names), max_size=2))
    found: dict[str, Any] = {
        "done": done, "arrived_at": BEGINS - timedelta(hours=30),
        "since": BEGINS - timedelta(hours=hours),
    }  # fmt: skip
    if draw(st.booleans()):
        found["activity"] = draw(st.sampled_from(names))
        automatic = {one["name"]: one.get("automatic") for one in parts["activities"]}
        if draw(st.booleans()) and not automatic[found["activity"]]:
            found["pool"] = "all"
    return found


def arrivals() -> st.SearchStrategy[dict[str, Any]]:
    hour = st.sampled_from([0.5, 1.0, 2.0])
    return st.one_of(
        st.builds(
            lambda h, share: {"kind": "rate", "per_hour": [h] * 168,
                              "together": {1: 1 - share, 3: share}},
            hour, st.sampled_from([0.0, 0.4]),
        ),
        st.builds(
            lambda of, c: {"kind": "gaps", "gap": {"of": of}, "calendar": c},
            st.sampled_from([{"law": "exponential", "mean_s": 3000}, {"law": "constant", "value_s": 2500}]),
            st.sampled_from([None, "early"]),
        ),
        st.builds(
            lambda at, f: {"kind": "replay", "at_s": sorted(at), "weeks": 1, "factor": f},
            st.lists(st.integers(0, 170_000), min_size=1, max_size=40), st.sampled_from([1.0, 0.5, 1.6]),
        ),
    )  # fmt: skip


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    names = NAMES[: draw(st.integers(1, 4))]
    classes = draw(st.booleans())
    splits = draw(st.booleans())
    used = (*names, *SPLIT) if splits else names
    parts: dict[str, Any] = {
        "name": "random", "begins_at": BEGINS, "calendars": CALENDARS,
        "classes": {"x": 0.3, "y": 0.7} if classes else {},
        "activities": [draw(activities(one, used, classes)) for one in used],
        "pools": draw(pools(used, classes)),
        "flows": [{"type": "case", "routing": draw(routings(names, classes))}],
        "arrivals": draw(arrivals()),
    }  # fmt: skip
    if splits:
        joins = draw(st.sampled_from([None, names[-1]]))
        parts["flows"][0]["splits"] = [
            {"activity": names[0], "into": "part", "count": {0: 0.2, 2: 0.8}, "joins": joins}
        ]
        parts["flows"].append({"type": "part", "routing": draw(routings(SPLIT, classes))})
    parts["under_way"] = [
        {"object": f"u{i}", **draw(under_way(names, parts))} for i in range(draw(st.integers(0, 4)))
    ]
    return parts


def both(model: Model, seed: int, hours: float) -> tuple[list[Row], list[Row]]:
    """What the compiled simulator and the twin do."""
    compiled = compile_model(model, span_s=hours * 3600.0)
    drawn = draw_arrivals(compiled, seed=seed, run=1)
    one = replicate(compiled, drawn, seed, 1, log=True)
    twin = Twin(compiled, drawn, seed, 1).run()
    ended = {root: int(t) for root, t in enumerate(one.state.finish) if t >= 0}
    assert ended == twin.ended
    return [_row(model, row) for row in one.state.log[: one.state.sc[ROWS]].tolist()], twin.rows


def _row(model: Model, row: list[int]) -> Row:
    serial, _, _, _, a, p, visit, enabled, start, end = row
    pool = None if p < 0 else model.pools[p].name
    return serial, model.activities[a].name, pool, visit, enabled, start, end


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=models(), seed=st.integers(0, 2**40))
@example(parts=yaml.safe_load(ORDERS), seed=7)
def test_the_compiled_simulator_does_what_the_plain_one_does(
    parts: dict[str, Any], seed: int
) -> None:
    model = Model.model_validate(parts)
    try:
        compiled, plain = both(model, seed, HOURS_SPAN)
    except RequestError as error:
        assert "no choice leads to it" in str(error) or "never come to an end" in str(error)
        return
    assert compiled == plain
