"""Make a ledger of each company from the published figures: ``python ledgers.py [FOLDER]``.

Every line is a published figure of ``figures.csv`` (millions of CNY, written out), or the difference
of such figures, which the column ``figure`` then spells out. Periods do not overlap: where a year
and its first half are published, the second half is their difference.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS = (
    *("party", "month", "to", "product", "account", "amount", "currency", "basis"),
    *("figure", "source"),
)
MILLION = 1_000_000
YEAR, FIRST_HALF, SECOND_HALF = ("01", "12"), ("01", "06"), ("07", "12")


class Figures:
    """Published values of one company by year, part of it, and item."""

    def __init__(self, company: str) -> None:
        self._value: dict[tuple[str, str, str], tuple[float, str]] = {}
        with (HERE / "figures.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["company"].startswith(company):
                    key = (row["from"][:7], row["to"][:7], row["item"])
                    self._value[key] = (float(row["value"]), row["source"])

    def get(self, year: int, part: tuple[str, str], item: str) -> tuple[float, str] | None:
        return self._value.get((f"{year}-{part[0]}", f"{year}-{part[1]}", item))

    def line(
        self, year: int, part: tuple[str, str], account: str, *items: str, **further: str
    ) -> Iterator[dict[str, object]]:
        """The sum of some figures as a line, or nothing where one is not published.

        An item with a minus before it is taken off.
        """
        found = []
        for item in items:
            value = self.get(year, part, item.lstrip("-"))
            if value is None:
                return
            found.append((-value[0] if item.startswith("-") else value[0], value[1]))
        yield {
            "month": f"{year}-{part[0]}",
            "to": f"{year}-{part[1]}",
            "account": account,
            "amount": round(sum(value for value, _ in found) * MILLION),
            "currency": "CNY",
            "figure": " ".join(items),
            "source": "; ".join(dict.fromkeys(source for _, source in found)),
        } | further

    def rest(
        self, year: int, account: str, item: str, **further: str
    ) -> Iterator[dict[str, object]]:
        """The second half of a year: the year less its first half."""
        whole, first = self.get(year, YEAR, item), self.get(year, FIRST_HALF, item)
        if whole is None or first is None:
            return
        yield {
            "month": f"{year}-07",
            "to": f"{year}-12",
            "account": account,
            "amount": round((whole[0] - first[0]) * MILLION),
            "currency": "CNY",
            "figure": f"{item} of the year less that of its first half",
            "source": "; ".join(dict.fromkeys((whole[1], first[1]))),
        } | further

    def share(
        self, year: int, part: tuple[str, str], item: str, names: tuple[str, str], column: str
    ) -> Iterator[dict[str, object]]:
        """Revenue in two lines: a published percentage of it, and the rest."""
        revenue = self.get(year, part, "revenue_total_cny_m")
        percent = self.get(year, part, item)
        assert revenue is not None and percent is not None
        for name, value in zip(names, (percent[0], 100 - percent[0]), strict=True):
            text = f"revenue_total_cny_m times {item}" + ("" if name == names[0] else ", the rest")
            yield {
                "month": f"{year}-{part[0]}",
                "to": f"{year}-{part[1]}",
                "account": "Revenue",
                "amount": round(revenue[0] * value / 100 * MILLION),
                "currency": "CNY",
                "figure": text,
                "source": "; ".join(dict.fromkeys((revenue[1], percent[1]))),
                column: name,
            }


OTHER = "Other operating items, net"
COSTS = "All costs and taxes, net"


def weimob() -> Iterator[dict[str, object]]:
    f = Figures("Weimob")
    for year in (2019, 2020):
        first = {"basis": "as first reported"}
        yield from f.line(year, YEAR, "Revenue", "revenue_cny_m", **first)
        yield from f.line(year, YEAR, "Cost of revenue", "gross_profit_cny_m", "-revenue_cny_m")
        expenses = ("operating_profit_cny_m", "-gross_profit_cny_m")
        yield from f.line(year, YEAR, "Operating expenses, net", *expenses)
    for year in (2021, 2022):
        half, revenue = FIRST_HALF, "revenue_continuing_cny_m"
        yield from f.line(year, half, "Revenue", revenue, basis="continuing operations")
        yield from f.line(year, half, "Cost of revenue", "gross_profit_cny_m", f"-{revenue}")
        for account, item in _EXPENSES.items():
            yield from f.line(year, half, account, f"-{item}")
        spent = ("-gross_profit_cny_m", *_EXPENSES.values())
        yield from f.line(year, half, OTHER, "operating_profit_cny_m", *spent)
    yield from f.line(2022, FIRST_HALF, "Cash", "cash_and_deposits_at_end_cny_m")
    for year in (2023, 2024):
        total, basis = "revenue_total_cny_m", {"basis": "as reported, all operations"}
        yield from f.line(year, FIRST_HALF, "Revenue", total, **basis)
        yield from f.line(year, FIRST_HALF, "Cost of revenue", "gross_profit_cny_m", f"-{total}")
        yield from f.rest(year, "Revenue", total, **basis)
    for item, account in (("convertible_bond_usd_m", "Bonds"), ("share_placement_usd_m", "Shares")):
        for line in f.line(2021, ("05", "05"), f"{account} issued", item):
            yield line | {"currency": "USD"}


_EXPENSES = {
    "Selling expense": "selling_expense_cny_m",
    "Administrative expense": "administrative_expense_cny_m",
    "Research expense": "research_expense_cny_m",
}


def youzan() -> Iterator[dict[str, object]]:
    f = Figures("Youzan")
    total, gross = "revenue_total_cny_m", "gross_profit_cny_m"
    yield from f.line(2021, YEAR, "Revenue", total)
    yield from f.line(2021, YEAR, "Cost of revenue", gross, f"-{total}")
    for year in (2022, 2023, 2024):
        yield from f.line(year, FIRST_HALF, "Revenue", total)
        yield from f.line(year, FIRST_HALF, "Cost of revenue", gross, f"-{total}")
        yield from f.line(year, FIRST_HALF, "Selling expense", "-selling_expense_cny_m")
        spent = (f"-{gross}", "selling_expense_cny_m")
        yield from f.line(year, FIRST_HALF, OTHER, "operating_profit_cny_m", *spent)
        yield from f.line(year, FIRST_HALF, "Cash", "cash_at_end_cny_m")
    yield from f.rest(2022, "Revenue", total)


def zkh() -> Iterator[dict[str, object]]:
    f = Figures("ZKH")
    for year in (2022, 2023, 2024):
        yield from f.line(year, YEAR, "Revenue", "revenue_total_cny_m")
        yield from f.line(year, YEAR, "Cost of revenue", "-cost_of_revenue_cny_m")
        yield from f.line(year, YEAR, "Selling expense", "-selling_expense_cny_m")
        yield from f.line(year, YEAR, "Research expense", "-research_expense_cny_m")
        spent = ("cost_of_revenue_cny_m", "selling_expense_cny_m", "research_expense_cny_m")
        yield from f.line(
            year, YEAR, OTHER, "operating_profit_cny_m", "-revenue_total_cny_m", *spent
        )


def full_truck_alliance() -> Iterator[dict[str, object]]:
    f = Figures("Full Truck Alliance")
    for year in (2019, 2020, 2021):
        yield from f.line(year, YEAR, "Revenue", "revenue_total_cny_m")
        yield from f.line(year, YEAR, "Selling expense", "-selling_expense_cny_m")
        yield from f.line(year, YEAR, "Research expense", "-research_expense_cny_m")


def cosmoplat() -> Iterator[dict[str, object]]:
    f = Figures("COSMOPlat")
    parties = ("parent group", "others")
    for year, part in ((2023, YEAR), (2024, YEAR), (2025, ("01", "09"))):
        yield from f.share(year, part, "revenue_share_parent_group_percent", parties, "party")
        taken = ("-revenue_total_cny_m", "-subsidy_income_cny_m")
        yield from f.line(year, part, COSTS, "profit_cny_m", *taken)
        yield from f.line(year, part, "Government subsidy received", "subsidy_income_cny_m")


def jd_industrials() -> Iterator[dict[str, object]]:
    f = Figures("JD Industrials")
    ways = ("through the parent's platform", "in other ways")
    for year in (2022, 2023, 2024):
        yield from f.share(year, YEAR, "revenue_share_parent_platform_percent", ways, "product")


def ouyeel() -> Iterator[dict[str, object]]:
    f = Figures("Ouyeel")
    for year in (2019, 2020, 2021, 2022):
        yield from f.line(year, YEAR, "Revenue", "revenue_total_cny_m")
        yield from f.line(year, YEAR, COSTS, "profit_cny_m", "-revenue_total_cny_m")


COMPANIES = {
    "weimob": weimob,
    "youzan": youzan,
    "zkh": zkh,
    "full_truck_alliance": full_truck_alliance,
    "cosmoplat": cosmoplat,
    "jd_industrials": jd_industrials,
    "ouyeel": ouyeel,
}


def write(folder: Path) -> list[Path]:
    """Write the ledgers into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, lines in COMPANIES.items():
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(lines())
        written.append(path)
    return written


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "ledgers")
