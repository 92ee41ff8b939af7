"""What a synthetic industry leaves behind: whole, repeatable, bilingual, and cut on a day."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import polars as pl
import pytest

from thalweg.errors import RequestError
from thalweg.industry.world import writing
from thalweg.industry.world.course import ACTIVITIES
from thalweg.industry.world.mechanisms import (
    CHANNELS,
    INTERVENTION_TABLE,
    LAYERS,
    ORGANIC,
    PRODUCTS,
)
from thalweg.industry.world.records import OBJECT_TYPES, Records
from thalweg.industry.world.run import cut_of, run_world
from thalweg.industry.world.spec import ARCHETYPES, INTERVENTIONS, Switches, WorldSpec
from thalweg.industry.world.words import WORDS, name_of, resource_name, say

SPEC = WorldSpec(firms=12, months=18, orders_per_firm_month=10, seed=3)
FRAMES = ("events", "links", "object_links", "parties", "interventions", "products", "ledger")


@pytest.fixture(scope="module")
def world() -> Records:
    return run_world(SPEC)


@pytest.fixture(scope="module")
def everything() -> Records:
    return run_world(SPEC, until=None)


def frames_of(records: Records) -> dict[str, pl.DataFrame]:
    named = {name: getattr(records, name) for name in (*FRAMES, "traffic", "pauses")}
    return named | {f"object {kind}": table for kind, table in records.objects.items()}


def test_the_same_spec_gives_the_same_records(world: Records) -> None:
    again = run_world(dataclasses.replace(SPEC))
    for name, table in frames_of(world).items():
        assert table.equals(frames_of(again)[name]), name


def test_another_seed_gives_another_world(world: Records) -> None:
    other = run_world(dataclasses.replace(SPEC, seed=4))
    assert not world.events.head(100).equals(other.events.head(100))


def test_events_are_numbered_in_order_and_never_end_before_they_start(world: Records) -> None:
    events = world.events
    assert events["event"].to_list() == list(range(len(events)))
    assert events["end"].is_sorted()
    assert (events["start"] <= events["end"]).all()
    assert events["party"].null_count() == 0


def test_every_link_leads_to_an_event_and_an_object_and_none_is_there_twice(
    world: Records,
) -> None:
    links = world.links
    assert links.is_unique().all()
    assert set(links["event"].unique()) == set(world.events["event"])
    for kind in OBJECT_TYPES:
        linked = links.filter(pl.col("type") == kind)["object"].unique().sort()
        table = world.objects[kind]["object"]
        assert table.is_unique().all()
        assert linked.equals(table.sort().alias("object")), kind


def test_objects_are_related_only_to_objects_that_exist(world: Records) -> None:
    for side in ("source", "target"):
        for kind in OBJECT_TYPES:
            named = world.object_links.filter(pl.col(f"{side}_type") == kind)[side]
            assert named.is_in(world.objects[kind]["object"].implode()).all()


def test_an_order_goes_down_the_river(everything: Records) -> None:
    steps = (
        everything.links.filter(pl.col("type") == "order")
        .join(everything.events, on="event")
        .group_by("object")
        .agg(pl.col("activity").cast(pl.String), pl.col("end", "start"))
    )
    for row in steps.head(400).iter_rows(named=True):
        places = dict(zip(row["activity"], row["end"], strict=True))
        stages = ("receive_inquiry", "send_quotation", "place_order", "sign_contract")
        more = ("roll_coils", "issue_receipt", "inspect_quality", "load_goods", "deliver_goods")
        seen = [places[name] for name in (*stages, *more, "receive_payment") if name in places]
        assert seen == sorted(seen)
        ends = {"close_inquiry", "cancel_order", "receive_payment"} & set(places)
        assert len(ends) == 1


def test_an_order_has_fifteen_to_twenty_five_events(everything: Records) -> None:
    orders = everything.links.filter(pl.col("type") == "order")
    paid = (
        orders.join(everything.events, on="event")
        .group_by("object")
        .agg(pl.len(), done=(pl.col("activity") == "receive_payment").any())
    )
    mean = paid.filter("done")["len"].mean()
    assert isinstance(mean, float)
    assert 15 <= mean <= 25


def test_several_orders_ride_on_one_lorry_and_one_event_loads_them(world: Records) -> None:
    loads = world.events.filter(pl.col("activity") == "load_goods").select("event", "tonnes")
    orders = world.links.filter(pl.col("type") == "order").join(loads, on="event")
    per_load = orders.group_by("event").len()["len"]
    assert per_load.max() == 4
    assert (per_load > 1).sum() > 20
    weights = orders.join(world.objects["order"], on="object", suffix="_order")
    summed = weights.group_by("event").agg(pl.col("tonnes").first(), pl.col("tonnes_order").sum())
    assert ((summed["tonnes"] - summed["tonnes_order"]).abs() < 0.006).all()


def test_the_cut_hides_what_ends_later_and_nothing_else(
    world: Records, everything: Records
) -> None:
    cut = cut_of(SPEC)
    assert cut == datetime(2023, 6, 30, 16, tzinfo=UTC)
    early = everything.events.filter(pl.col("end") <= cut)
    assert world.observed_until == cut
    assert early.drop("resource").equals(world.events.drop("resource"))
    assert len(everything.events) > len(early)
    later = everything.objects["payment"]["object"]
    assert len(later) > len(world.objects["payment"])


def test_an_order_that_was_not_placed_by_the_cut_has_no_amount_yet(world: Records) -> None:
    placed = (
        world.links.filter(pl.col("type") == "order")
        .join(world.events.filter(pl.col("activity") == "place_order"), on="event")
        .select("object", paid="amount_cny")
    )
    orders = world.objects["order"].join(placed, on="object", how="left")
    assert orders["amount_cny"].equals(orders["paid"].alias("amount_cny"))
    assert 0 < orders["amount_cny"].null_count() < len(orders)


def test_nobody_at_an_office_works_at_night_or_on_holidays(world: Records) -> None:
    local = pl.col("start").dt.convert_time_zone("Asia/Shanghai")
    drafts = world.events.filter(pl.col("activity") == "draft_contract").select(
        hour=local.dt.hour() + local.dt.minute() / 60,
        weekday=local.dt.weekday(),
        day=local.dt.date(),
    )
    assert drafts["hour"].is_between(8.5, 17.5).all()
    assert (drafts["weekday"] <= 5).all()
    closed = [date(2022, 2, day) for day in range(1, 8)] + [date(2022, 10, 3), date(2023, 1, 23)]
    assert not drafts["day"].is_in(closed).any()


def test_an_intervention_has_a_row_a_firm_with_its_reason(world: Records) -> None:
    table = world.interventions
    assert set(table["intervention"]) == set(INTERVENTIONS)
    assert table.select("intervention", "unit").is_unique().all()
    assert set(table["reason"]) <= WORDS.keys()
    signing = table.filter(pl.col("intervention") == "e_signing")
    assert len(signing) == SPEC.firms
    assert signing["from"].n_unique() == 1
    assert len(table.filter(pl.col("intervention") == "ai_inspection")) == 2
    lot = table.filter(pl.col("intervention") == "slitting")
    assert lot["from"].n_unique() > 4
    assert (lot["assignment"] == "randomised").all()
    assert table["to"].null_count() < len(table)


def test_money_and_leads_agree_with_what_happened(world: Records) -> None:
    leads = world.traffic["leads"].sum()
    in_months = world.objects["inquiry"]
    late = run_world(SPEC, until=None).traffic["leads"].sum()
    assert late == leads
    assert 0 <= leads - len(in_months) <= 5  # asked before the cut, not yet taken down
    fees = world.ledger.filter(
        (pl.col("product").is_in(["brokerage", "cut_to_size"])) & (pl.col("account") == "revenue")
    )
    signed = world.events.filter(pl.col("activity") == "sign_contract")["amount_cny"].sum()
    assert 0.009 * signed < fees["amount_cny"].sum() < 0.021 * signed
    spend = world.ledger.filter(pl.col("account") == "traffic_spend")["amount_cny"].sum()
    assert spend == pytest.approx(-world.traffic["spend_cny"].sum())


def test_a_product_has_its_first_sale_when_its_first_revenue_comes(world: Records) -> None:
    revenue = world.ledger.filter(pl.col("account") == "revenue")
    first = dict(revenue.group_by("product").agg(pl.col("month").min()).iter_rows())
    sold = {row["product"]: row["first_sale"] for row in world.products.iter_rows(named=True)}
    assert sold.keys() == first.keys()
    for product, day in sold.items():
        brought_by = PRODUCTS[product][1]
        assert (day >= SPEC.start) == (brought_by is not None)
        if brought_by is not None:
            assert first[product] == day.replace(day=1)


# --- words -------------------------------------------------------------------------------------


def test_every_key_in_the_records_has_a_word_in_both_languages(world: Records) -> None:
    keys = {*ACTIVITIES, *OBJECT_TYPES, *LAYERS.values(), *INTERVENTION_TABLE, *PRODUCTS}
    keys |= {*CHANNELS, ORGANIC, *(world.ledger["account"]), *world.parties["role"]}
    keys |= set(world.parties["region"].drop_nulls()) | set(world.object_links["qualifier"])
    for column in ("kind", "assignment", "reason"):
        keys |= set(world.interventions[column])
    assert keys <= WORDS.keys()


def test_english_words_hold_no_chinese_and_chinese_words_some() -> None:
    def chinese(text: str) -> bool:
        return any("\u4e00" <= letter <= "\u9fff" for letter in text)

    assert not [key for key in WORDS if chinese(say(key, "en"))]
    assert not [key for key in WORDS if not chinese(say(key, "zh"))]


def test_firms_have_names_of_their_own_in_both_languages() -> None:
    for role, count in (("member", 500), ("buyer", 1_500), ("mill", 12)):
        for language in ("en", "zh"):
            names = {name_of(role, number, language) for number in range(count)}
            assert len(names) == count
    assert resource_name("line-F012-1", "铁溪金属材料公司", "zh") == "铁溪金属材料公司纵剪线1"
    assert resource_name("matching-F001-2", "A", "en") == "A Matching desk 2"


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"firms": 7}, "firms from 8 to 500"),
        ({"months": 6}, "months from 12 to 96"),
        ({"archetype": "boom"}, "there is no 'boom'"),
        ({"interventions": ("blockchain",)}, "there is no 'blockchain'"),
        ({"start": date(2022, 1, 2)}, "first day of a month"),
        ({"treated_share": 1.5}, "treated_share from 0 to 1"),
    ],
)
def test_a_world_that_cannot_be_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        dataclasses.replace(SPEC, **change)


def test_a_switch_for_something_unknown_is_refused() -> None:
    with pytest.raises(RequestError, match="there is no 'steam'"):
        Switches(off=frozenset({"steam"}))


def test_a_world_whose_queues_never_empty_is_refused() -> None:
    slow = dataclasses.replace(SPEC, months=48, effect_scale=-3.0, interventions=("slitting",))
    with pytest.raises(RequestError, match="queue grows without end"):
        run_world(slow)


def test_a_world_in_which_nothing_is_rolled_out_has_an_empty_table_of_interventions() -> None:
    bare = run_world(dataclasses.replace(SPEC, interventions=()))
    assert len(bare.interventions) == 0
    assert bare.interventions.schema["layers"] == pl.List(pl.String)
    assert set(bare.products["product"]) <= {
        *("brokerage", "slitting_service", "freight_service", "cut_to_size")
    }


def test_ten_archetypes_are_offered() -> None:
    assert len(ARCHETYPES) == 10
    assert set(writing.ATTRIBUTES) == set(OBJECT_TYPES)
