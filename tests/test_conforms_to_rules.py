"""Each kind of rule on hand-made records whose violations are counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from conform_helpers import DAY, FAR, HOUR, counts, outcome, shown, violating
from process_helpers import SmallBook, book_of
from thalweg.errors import RequestError, RuleError
from thalweg.process.conformance.rules.check import check_rules
from thalweg.process.conformance.rules.kinds import RuleFile
from thalweg.process.conformance.rules.verdicts import UNCHECKED
from thalweg.process.conformance.rules.views import Scene

TRACES = {
    "kept": [("order", 0), ("pay", 10), ("end", 20)],
    "swapped": [("pay", 0), ("order", 10), ("end", 20)],
    "never": [("order", 0), ("end", 20)],
    "open": [("order", 0), ("wait", 10)],
    "twice": [("order", 0), ("pay", 5), ("order", 7), ("end", 20)],
}


def test_a_response_that_may_still_come_is_pending_and_one_that_cannot_is_violated() -> None:
    one = outcome(book_of(TRACES), {"kind": "order", "first": "order", "then": "pay"})
    assert counts(one) == (2, 3, 1, 0)
    assert violating(one) == {"swapped", "never", "twice"}


def test_a_precedence_is_judged_at_once() -> None:
    rule = {"kind": "order", "relation": "precedence", "first": "order", "then": "pay"}
    one = outcome(book_of(TRACES), rule)
    assert counts(one) == (2, 1, 0, 0)
    assert shown(one) == [(3, "pay ← order", "∅")]


def test_succession_asks_for_both_and_directly_for_the_very_next() -> None:
    rule = {"kind": "order", "relation": "succession", "first": "order", "then": "pay"}
    assert counts(outcome(book_of(TRACES), rule)) == (4, 4, 1, 0)
    close = {"kind": "order", "how": "directly", "first": "order", "then": "end"}
    one = outcome(book_of(TRACES), close)
    assert violating(one) == {"kept", "open", "twice"}
    assert counts(one) == (3, 3, 0, 0)


def test_the_last_event_of_an_open_object_leaves_a_direct_response_pending() -> None:
    rule = {"kind": "order", "how": "directly", "first": "wait", "then": "pay"}
    assert counts(outcome(book_of(TRACES), rule)) == (0, 0, 1, 0)


def test_a_violation_that_rests_on_one_instant_alone_cannot_be_checked() -> None:
    book = book_of({"tied": [("pay", 5), ("order", 5), ("end", 9)]})
    rule = {"kind": "order", "relation": "precedence", "first": "order", "then": "pay"}
    assert counts(outcome(book, rule)) == (0, 0, 0, 1)
    never = {"kind": "never", "activity": "order", "after": "pay"}
    assert counts(outcome(book, never)) == (0, 0, 0, 1)
    must = {"kind": "must", "activity": "order", "before": "pay"}
    assert counts(outcome(book, must)) == (0, 0, 0, 1)


def test_any_of_several_names_will_do() -> None:
    rule = {"kind": "order", "first": ["order", "wait"], "then": ["pay", "end"]}
    assert counts(outcome(book_of(TRACES), rule)) == (5, 0, 2, 0)


def test_what_must_happen_is_pending_in_open_objects() -> None:
    one = outcome(book_of(TRACES), {"kind": "must", "activity": "pay"})
    assert counts(one) == (3, 1, 1, 0)
    twice = outcome(book_of(TRACES), {"kind": "must", "activity": "order", "at_least": 2})
    assert (counts(twice), violating(twice)) == ((1, 3, 1, 0), {"kept", "swapped", "never"})


def test_what_must_happen_before_leaves_objects_alone_that_have_not_come_so_far() -> None:
    one = outcome(book_of(TRACES), {"kind": "must", "activity": "order", "before": "pay"})
    assert (counts(one), violating(one)) == ((2, 1, 0, 0), {"swapped"})


def test_what_may_happen_so_often_is_counted_and_the_first_one_too_many_is_named() -> None:
    one = outcome(book_of(TRACES), {"kind": "never", "activity": "order", "at_most": 1})
    assert (counts(one), shown(one)) == ((4, 1, 0, 0), [(12, "order ≤ 1", "2")])
    after = outcome(book_of(TRACES), {"kind": "never", "activity": "order", "after": "pay"})
    assert (counts(after), violating(after)) == ((1, 2, 0, 0), {"swapped", "twice"})


def test_a_time_limit_counts_to_the_next_occurrence_and_pending_until_it_has_passed() -> None:
    horizon = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)
    book = book_of(TRACES | {"slow": [("order", 0), ("pay", 16), ("end", 20)]})
    rule = {"kind": "time", "from": "order", "to": "pay", "within": "15s"}
    one = outcome(book, rule, horizon=horizon)
    assert violating(one) == {"swapped", "never", "twice", "slow", "open"}
    assert counts(one) == (2, 5, 0, 0)
    assert sorted(one.checks.excess_ns[one.checks.status == 1].tolist()) == [
        -1, -1, -1, 10**9, 15 * 10**9,
    ]  # fmt: skip
    patient = outcome(book, rule | {"within": "40s"}, horizon=horizon)
    assert (counts(patient), violating(patient)) == ((3, 3, 1, 0), {"swapped", "never", "twice"})
    optional = outcome(book, rule | {"optional": True}, horizon=horizon)
    assert (counts(optional), violating(optional)) == ((2, 1, 1, 0), {"slow"})


def test_only_the_first_pair_counts_where_the_rule_says_so() -> None:
    book = book_of({"a": [("x", 0), ("x", 50), ("y", 60), ("end", 99)]})
    rule = {"kind": "time", "from": "x", "to": "y", "within": "30s"}
    assert counts(outcome(book, rule)) == (1, 1, 0, 0)
    assert counts(outcome(book, rule | {"pairing": "first"})) == (0, 1, 0, 0)


def test_age_runs_from_the_beginning_to_the_end_or_so_far() -> None:
    horizon = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)
    book = book_of(TRACES)
    one = outcome(book, {"kind": "time", "within": "25s"}, horizon=horizon)
    assert (counts(one), violating(one)) == ((4, 1, 0, 0), {"open"})
    assert shown(one) == [(8, "· ⇒ · ≤ 25s", "30s …")]
    least = outcome(book, {"kind": "time", "at_least": "21s"}, horizon=horizon)
    assert counts(least) == (0, 4, 1, 0)


WEEK = {"hours": {d: ["09:00-17:00"] for d in ("mon", "tue", "wed", "thu", "fri")}}
FRIDAY_16 = 1 * DAY + 16 * HOUR
"""1970 began on a Thursday; in UTC."""
MONDAY_10 = 4 * DAY + 10 * HOUR


@pytest.mark.parametrize(
    ("within", "end", "excess_h"),
    [
        ("2 working hours", MONDAY_10, -1),
        ("1.5 working hours", MONDAY_10, 0.5),
        ("1 working day", 5 * DAY, -1),
        ("1 working day", 5 * DAY + HOUR, 1),
        ("1个工作日", 5 * DAY, -1),
        ("2个工作小时", MONDAY_10 + 3 * HOUR, 3),
    ],
)
def test_working_time_skips_the_weekend_and_a_day_lasts_to_its_end(
    within: str, end: int, excess_h: float
) -> None:
    """Friday 16:00 to Monday 10:00 is two working hours; the first working day is Monday."""
    book = book_of({"a": [("ask", FRIDAY_16), ("answer", end), ("end", end)]})
    rule = {"kind": "time", "from": "ask", "to": "answer", "within": within, "calendar": "office"}
    one = outcome(book, rule, calendars={"office": WEEK})
    expected = -1 if excess_h < 0 else round(excess_h * HOUR * 10**9)
    assert one.checks.excess_ns.tolist() == [expected]


def test_a_holiday_is_no_working_day() -> None:
    book = book_of({"a": [("ask", FRIDAY_16), ("answer", 5 * DAY + HOUR), ("end", 6 * DAY)]})
    rule = {"kind": "time", "from": "ask", "to": "answer"}
    rule |= {"within": "1 working day", "calendar": "office"}
    holiday = WEEK | {"holidays": ["1970-01-05"]}
    assert counts(outcome(book, rule, calendars={"office": holiday})) == (1, 0, 0, 0)


def people_book(*doers: tuple[str, str, int, str | None]) -> SmallBook:
    events = [(a, t, {"case": [o]}, {"who": w}) for o, a, t, w in doers]
    return SmallBook(events, roles={"resource": "who"})


FOUR = [
    ("ok", "order", 0, "Ann"), ("ok", "approve", 1, "Bob"), ("ok", "end", 2, "Bob"),
    ("bad", "order", 0, "Ann"), ("bad", "approve", 1, "Ann"), ("bad", "end", 2, "Bob"),
    ("blank", "order", 0, None), ("blank", "approve", 1, "Ann"), ("blank", "end", 2, "Bob"),
    ("alone", "order", 0, "Ann"), ("alone", "order", 1, "Ann"), ("alone", "end", 2, "Bob"),
]  # fmt: skip


def test_four_eyes_and_the_same_hands() -> None:
    rule = {"kind": "people", "activities": ["order", "approve"]}
    one = outcome(people_book(*FOUR), rule)
    assert (counts(one), violating(one)) == ((1, 1, 0, 1), {"bad"})
    assert shown(one) == [(4, "order ≠ approve", "Ann (approve), Ann (order)")]
    same = outcome(people_book(*FOUR), rule | {"must": "same"})
    assert (counts(same), violating(same)) == ((1, 1, 0, 1), {"ok"})


def test_who_may_act_is_a_list_or_a_group_and_nobody_named_cannot_be_checked() -> None:
    rule = {"kind": "who", "activity": "order", "one_of": ["@buyers"]}
    one = outcome(people_book(*FOUR), rule, groups={"buyers": ["Ann"]})
    assert counts(one) == (4, 0, 0, 1)
    other = outcome(people_book(*FOUR), {"kind": "who", "activity": "approve", "none_of": ["Ann"]})
    assert (counts(other), violating(other)) == ((1, 2, 0, 0), {"bad", "blank"})
    party = outcome(people_book(*FOUR), rule | {"who": "party"}, groups={"buyers": ["Ann"]})
    assert counts(party) == (0, 0, 0, 5)


def test_values_of_objects_and_of_events() -> None:
    rows = pl.DataFrame({"@object": ["a", "b", "c"], "tax": ["X1", "", None], "tonnes": [5, 50, 0]})
    events = [
        ("weigh", 0, {"case": [o]}, {"kg": kg}) for o, kg in (("a", "7"), ("b", "?"), ("c", None))
    ]
    events.append(("end", 9, {"case": ["a"]}, {}))
    book = SmallBook(events, object_rows={"case": rows})  # type: ignore[arg-type]
    present = outcome(book, {"kind": "value", "attribute": "tax", "present": True})
    assert (counts(present), violating(present)) == ((1, 2, 0, 0), {"b", "c"})
    range_ = outcome(book, {"kind": "value", "attribute": "tonnes", "above": 0, "at_most": 40})
    assert (counts(range_), violating(range_)) == ((1, 2, 0, 0), {"b", "c"})
    kg = outcome(book, {"kind": "value", "attribute": "kg", "activity": "weigh", "at_least": 8})
    assert (counts(kg), shown(kg)) == ((0, 1, 0, 2), [(0, "kg ≥ 8", "7")])
    listed = outcome(book, {"kind": "value", "attribute": "tax", "one_of": ["X1", "X2"]})
    assert counts(listed) == (1, 0, 0, 2)


def test_a_due_date_is_an_attribute_and_a_bare_date_lasts_to_its_end() -> None:
    due = ["1970-01-02", "1970-01-02T10:00:00Z", "soon", None]
    rows = pl.DataFrame({"@object": list("abcd"), "due": due})
    events = [(n, t, {"case": [o]}, {}) for o in "abcd" for n, t in (("ask", 0), ("pay", DAY + 11 * HOUR), ("end", 2 * DAY))]  # fmt: skip
    book = SmallBook(events, object_rows={"case": rows})  # type: ignore[arg-type]
    one = outcome(book, {"kind": "time", "to": "pay", "by": "due"})
    assert (counts(one), violating(one)) == ((1, 1, 0, 2), {"b"})
    assert one.checks.excess_ns[one.checks.status == 1].tolist() == [HOUR * 10**9]


def test_started_takes_the_start_of_the_work() -> None:
    traces = {"a": [("ask", 0), ("do", 100), ("end", 200)]}
    book = book_of(traces)
    rule = {"kind": "time", "from": "ask", "to": "do", "within": "60s"}
    assert counts(outcome(book, rule)) == (0, 1, 0, 0)
    none = outcome(book, rule | {"started": True})
    assert counts(none) == (0, 0, 0, 1)
    book.starts = [0, 50, 200]
    assert counts(outcome(book, rule | {"started": True})) == (1, 0, 0, 0)


def test_a_rule_holds_from_its_first_to_its_last_local_day_and_for_the_objects_selected() -> None:
    traces = {
        str(d): [("order", d * DAY + 20 * HOUR), ("end", d * DAY + 21 * HOUR)] for d in range(5)
    }
    book = book_of(traces)
    rule = {"kind": "order", "first": "order", "then": "pay"}
    dated = rule | {"since": "1970-01-02", "until": "1970-01-03"}
    assert violating(outcome(book, dated)) == {"1", "2"}
    book.timezone = "Asia/Shanghai"
    assert violating(outcome(book, dated)) == {"0", "1"}
    chosen = outcome(book, rule | {"when": "duration<=1h; time:1970-01-04.."})
    assert violating(chosen) == {"2", "3", "4"}


def linked_book() -> SmallBook:
    """Order o1 has deliveries d1 (after the payment) and d2 (before); o2 is open with d3."""
    return SmallBook(
        [
            ("create", 0, {"order": ["o1"], "delivery": ["d1", "d2"]}, {}),
            ("deliver", 5, {"delivery": ["d2"]}, {}),
            ("pay", 10, {"order": ["o1"]}, {}),
            ("deliver", 15, {"delivery": ["d1"]}, {}),
            ("create", 20, {"order": ["o2"], "delivery": ["d3"]}, {}),
            ("deliver", 25, {"delivery": ["d3"]}, {}),
        ]
    )


def test_every_delivery_follows_the_payment_of_its_own_order() -> None:
    rule = {"kind": "order", "relation": "precedence", "first": "pay", "then": "deliver"}
    rule |= {"type": "delivery", "links": ["order"]}
    one = outcome(linked_book(), rule, kind="delivery", ends=None)
    assert (counts(one), violating(one)) == ((1, 2, 0, 0), {"d2", "d3"})


def test_a_delivery_beside_it_is_not_an_objects_own() -> None:
    book = linked_book()
    rule = {"kind": "never", "activity": "deliver", "at_most": 1, "type": "delivery"}
    rule |= {"links": [{"type": "delivery", "via": "order"}]}
    assert counts(outcome(book, rule, kind="delivery", ends=None)) == (3, 0, 0, 0)


def test_an_open_order_keeps_the_promise_of_its_delivery_pending() -> None:
    rule = {"kind": "order", "first": "deliver", "then": "pay", "type": "delivery"}
    book = linked_book()
    scene = Scene(book, "order", ends=("pay",), horizon=FAR)  # type: ignore[arg-type]
    file = RuleFile.model_validate({"rules": [{"id": "r", "links": "order", **rule}]})
    one = check_rules(scene, file)[0]
    assert counts(one) == (1, 1, 1, 0)


def test_an_unknown_activity_is_an_error_with_the_nearest_names_unless_it_is_listed() -> None:
    scene = Scene(book_of(TRACES), "case", ends=("end",))  # type: ignore[arg-type]
    rule = {"id": "r", "kind": "must", "activity": "paid"}
    with pytest.raises(RuleError, match=r"'r' names an activity 'paid'.*Nearest: pay"):
        check_rules(scene, RuleFile.model_validate({"rules": [rule]}))
    listed = RuleFile.model_validate({"rules": [rule], "activities": ["paid"]})
    assert check_rules(scene, listed)[0].violating == 4


def test_unknown_types_and_attributes_are_errors_too() -> None:
    scene = Scene(book_of(TRACES), "case")  # type: ignore[arg-type]
    for rule in (
        {"kind": "must", "activity": "pay", "type": "caes"},
        {"kind": "value", "attribute": "tax", "present": True},
    ):
        with pytest.raises(RequestError, match=r"'caes'|'tax'"):
            check_rules(scene, RuleFile.model_validate({"rules": [{"id": "r", **rule}]}))


def test_the_cost_of_an_object_counts_once_and_that_of_each_event_by_itself() -> None:
    events = [(n, t, {"case": [o]}, {"fee": f}) for o, n, t, f in (("a", "pay", 0, 5.0), ("a", "pay", 1, 7.0), ("b", "pay", 0, None), ("b", "end", 9, None))]  # fmt: skip
    rows = pl.DataFrame({"@object": ["a", "b"], "value": ["100", "30"]})
    book = SmallBook(events, object_rows={"case": rows})  # type: ignore[arg-type]
    rule = {"kind": "order", "relation": "precedence", "first": "order", "then": "pay"}
    of_object = outcome(book, rule | {"cost": "object:value"}).cost
    assert (of_object.total, of_object.unknown) == (130.0, 0)
    of_event = outcome(book, rule | {"cost": "attribute:fee"}).cost
    assert (of_event.total, of_event.unknown, of_event.reason) == (12.0, 1, "cost_partly_stated")


def test_not_checkable_ones_carry_their_reason() -> None:
    one = outcome(people_book(*FOUR), {"kind": "people", "activities": ["order", "approve"]})
    assert [found for _, _, found in shown(one, UNCHECKED)] == ["Ann (approve), ∅ (order)"]
