"""Accounts: words that tell the standard one, drafts, and the profiles that come along."""

from __future__ import annotations

import pytest

from thalweg.industry.world.words import WORDS
from thalweg.industry.writing.sides import ACCOUNTS as WORLD_ACCOUNTS
from thalweg.industry.writing.sides import profile_of
from thalweg.records.profile.file import (
    example_profile,
    parse_profile,
    profile_text,
    shipped_profile,
)
from thalweg.records.profile.model import ACCOUNTS, Economy, Thresholds
from thalweg.records.profile.words import ACCOUNT_WORDS, likely_account
from thalweg.surfaces.texts import LANGUAGES

TOLD: dict[str, str] = {
    "revenue": "主营业务收入 营业收入 其他业务收入 佣金收入 融资服务收入 广告收入 Revenue;Net sales;Advertising revenue",
    "cost_of_sales": "营业成本 主营业务成本 服务成本 履约费用 Cost of revenue;Cost of goods sold;Fulfillment expenses",
    "marketing": "销售费用 市场费用 广告费 推广费 流量投放 获客成本 Sales and marketing;Paid traffic;Selling expenses",
    "subsidy": "补贴 用户补贴 优惠券 返利 红包 Subsidy;Rebates to buyers;Coupons",
    "research": "研发费用 研发支出 管理费用-研发费用 Research and development;R&D;Technology and development",
    "rollout": "实施费用 推广部署 推广上线支出 Roll-out;Implementation;Deployment costs",
    "operations": "管理费用 人工 工资 租金 人员与管理费用 General and administrative;Salaries;Staff and overhead",
    "capital_in": "融资 增资 借款流入 外部融资款 实收资本 Outside capital;Proceeds from borrowings;Series B funding",
    "capital_out": "还款 分红 偿还借款 Dividends paid;Loan repayment;Share repurchase",
    "cash": "货币资金 现金余额 期末现金 现金 Cash;Cash balance;Cash and cash equivalents",
    "": "净利润 财务费用 应交税费 折旧 政府补助 应收账款 Net income;Depreciation;Income tax;Net cash used;EBITDA;Other",
}


@pytest.mark.parametrize("account", TOLD)
def test_words_tell_the_standard_account(account: str) -> None:
    """Chinese names stand between blanks, English ones behind them between semicolons."""
    words = TOLD[account].split()
    first = next(at for at, word in enumerate(words) if word.isascii())
    names = [*words[:first], *" ".join(words[first:]).split(";")]
    assert {name: likely_account(name) for name in names} == dict.fromkeys(names, account or None)


def test_standard_names_and_codes_are_known() -> None:
    assert {name: likely_account(name) for name in ACCOUNTS} == {name: name for name in ACCOUNTS}
    codes = {"6001": "revenue", "640101": "cost_of_sales", "6601": "marketing", "9999": None}
    assert {code: likely_account(code) for code in codes} == codes
    assert set(ACCOUNT_WORDS) == {*ACCOUNTS, ""}


@pytest.mark.parametrize("language", LANGUAGES)
def test_profiles_that_come_along_map_every_account_of_the_world(language: str) -> None:
    place = LANGUAGES.index(language)
    said = {
        standard: tuple(WORDS[account][place] for account in accounts)
        for standard, accounts in WORLD_ACCOUNTS.items()
    }
    for profile in (shipped_profile(language), profile_of(language)):  # type: ignore[arg-type]
        assert profile.accounts == said
        assert profile.platform == "PLATFORM"
    drafted = {name: likely_account(name) for names in said.values() for name in names}
    assert drafted == {name: standard for standard, names in said.items() for name in names}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_example_comments_out_is_what_holds_without_it(language: str) -> None:
    text = example_profile(language)
    lines = text.splitlines()
    opened = []
    for block in ("# economy:", "# thresholds:"):
        at = next(i for i, line in enumerate(lines) if line.startswith(block))
        end = next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines))
        opened += [line.removeprefix("# ") for line in lines[at:end] if "labour" not in line]
    profile = parse_profile(text + "\n" + "\n".join(opened) + "\n")
    assert (profile.economy, profile.thresholds) == (Economy(), Thresholds())
    assert parse_profile(profile_text(profile)) == profile
