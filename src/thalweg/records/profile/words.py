"""Words by which names tell what they are: activities their layer, a ledger's accounts the standard
one; and the names of the layers of a trade in goods."""

from __future__ import annotations

import re

OTHER = "other"

LAYERS: dict[str, tuple[str, str]] = {
    "lead": ("Lead", "获客"),
    "match": ("Match", "撮合"),
    "contract": ("Contract", "合同"),
    "warehousing": ("Warehousing", "仓储"),
    "logistics": ("Logistics", "物流"),
    "processing": ("Processing", "加工"),
    "production": ("Production", "生产"),
    "quality": ("Quality", "质检"),
    "settlement": ("Settlement", "结算"),
    "finance": ("Finance", "金融"),
    OTHER: ("Other", "其他"),
}
"""Names in English and Chinese by id, along the chain."""

_KNOWN = {
    "lead": "inquir enquir lead campaign visit sign-up regist 询价 询盘 线索 获客 注册 咨询 来访",
    "match": "quot offer match bid tender negotiat search 报价 撮合 匹配 竞价 竞拍 议价 投标 还价 寻源 货源",
    "contract": (
        "contract order requisition agreement purchase 合同 下单 订单 签约 签订 采购申请 协议"
    ),
    "warehousing": (
        "warehous|receive_coil|goods_receipt|store|put_away|pick|stock|inventor|入库|出库|仓|库存|"
        "盘点|上架|移库|拣货"
    ),
    "logistics": (
        "ship deliver transport load unload dispatch carrier freight truck 发货 运输 配送 送货 签收 "
        "装车 卸车 物流 提货 派车 到站"
    ),
    "processing": "slit cut blank shear level process 纵剪 横剪 加工 剪切 切割 开平 分条",
    "production": "produc roll melt cast manufactur assembl anneal 生产 轧制 轧 冶炼 炼钢 连铸 制造",
    "quality": "inspect quality test certif sampl 质检 检验 质量 化验 复检 检测 质保",
    "settlement": (
        "invoic pay payment settl remind bill clear 发票 开票 付款 收款 货款 结算 对账 催收 核销 尾款"
    ),
    "finance": (
        "loan credit financ pledg receivabl repay drawdown factoring 贷款 授信 融资 质押 放款 还款 "
        "保理 借款 额度"
    ),
}
_FAILED = (
    "cancel los lost reject withdraw declin abandon abort fail expir return 取消 关闭 作废 拒绝 流失 "
    "违约 失败 退货 终止 撤销 放弃 过期"
)


def _patterns(words: str) -> dict[str, re.Pattern[str]]:
    """One pattern a word: English ones begin a word of the activity, Chinese ones stand anywhere."""
    found: dict[str, re.Pattern[str]] = {}
    for word in words.split("|") if "|" in words else words.split():
        text = word.replace("_", " ")
        start = r"(?<![a-z])" if text.isascii() else ""
        found[text] = re.compile(start + re.escape(text))
    return found


ACCOUNT_WORDS: dict[str, str] = {
    "revenue": (
        "revenue|sales|turnover|net sales|service income|fee income|commission income|"
        "marketing services revenue|advertising revenue|"
        "收入|营业收入|主营业务收入|其他业务收入|业务收入|销售收入|服务收入|佣金收入|广告收入|会员费收入|融资服务收入|"
        "物流服务收入|营收|销售额"
    ),
    "cost_of_sales": (
        "cost of sales|cost of revenue|cost of goods|cost of service|costs of sales|costs of revenue|"
        "cogs|direct cost|fulfilment|fulfillment|purchase cost|"
        "成本|营业成本|主营业务成本|其他业务成本|业务成本|销售成本|服务成本|采购成本|履约成本|履约费用|运费成本"
    ),
    "marketing": (
        "marketing|advertis|ad spend|paid traffic|traffic|customer acquisition|user acquisition|"
        "selling expense|selling and marketing|sales and marketing|promotion|campaign|brand|"
        "销售费用|营销|营销费用|营销成本|市场费用|市场推广|广告|广告费|推广费|推广费用|宣传|投放|流量|获客|"
        "获客成本|渠道费用|买量"
    ),
    "subsidy": (
        "subsid|rebate|coupon|voucher|discount|cashback|incentive|refund to users|"
        "补贴|优惠|返利|返现|红包|折扣|让利|满减|优惠券|奖励|佣金返还"
    ),
    "research": (
        "research|r&d|product development|technology and development|technology development|"
        "technology and content|software development|"
        "研发|研究|研发费用|研发支出|研发成本|研究开发|技术开发|产品开发|开发支出"
    ),
    "rollout": (
        "roll-out|rollout|roll out|deployment|implementation|onboarding|installation|"
        "实施|实施费用|部署|推广部署|推广上线|上线支出|上线费用|落地|接入费用"
    ),
    "operations": (
        "operating expense|operations|opex|administ|general and administ|salar|wage|payroll|staff|"
        "personnel|employee|rent|office|overhead|utilities|travel|"
        "管理费用|人工|人工成本|人员|工资|薪酬|薪金|社保|公积金|福利|员工补贴|餐费补贴|住房补贴|租金|租赁|房租|"
        "水电|办公|差旅|物业|行政|运营费用|日常运营"
    ),
    "capital_in": (
        "outside capital|capital raised|capital injection|equity raised|share issue|funding|fundraising|"
        "proceeds from|loan proceeds|borrowings received|loan drawn|financing received|"
        "融资|外部融资|股权融资|融资款|增资|注资|投资款|实收资本|吸收投资|借款流入|取得借款|借款收到|贷款流入|"
        "募集资金"
    ),
    "capital_out": (
        "repay|loan repayment|repayment of|debt repayment|dividend|buyback|buy-back|repurchase|"
        "还款|偿还|偿还借款|归还借款|还本|分红|股利|利润分配|回购"
    ),
    "cash": (
        "cash balance|closing cash|cash at|cash on hand|cash and cash equivalents|bank balance|"
        "货币资金|现金余额|期末现金|期末余额|银行存款|库存现金|现金及现金等价物|资金余额"
    ),
    "": (
        "net income|net profit|gross profit|gross margin|operating profit|profit|loss|ebitda|gmv|"
        "gross merchandise|depreciation|amortis|amortiz|impairment|deferred|receivable|payable|tax|"
        "interest|cash flow|net cash|net increase in cash|cash burn|number of|"
        "净利润|利润|毛利|交易额|成交额|折旧|摊销|减值|递延|应收|应付|预收|预付|税|利息|财务费用|政府补助|政府补贴|"
        "净现金流|现金流|现金净增加|存货|固定资产|融资费用|贷款利息"
    ),
}
"""By standard account the words of its names, several between upright lines. Under the empty name:
words of what is none of them, such as profit, tax and what is owed."""
_CODES = {
    "6001": "revenue",
    "6051": "revenue",
    "6401": "cost_of_sales",
    "6402": "cost_of_sales",
    "6601": "marketing",
    "6602": "operations",
    "5301": "research",
}
"""First digits of accounts in the chart of accounts of Chinese enterprises."""


_PATTERNS = {layer: _patterns(words) for layer, words in _KNOWN.items()}
_FAILED_PATTERNS = _patterns(_FAILED)


def likely_layer(activity: str) -> str:
    """The layer whose word in the activity's name is longest; ``other`` for none, or for a tie."""
    text = activity.casefold()
    longest = {
        layer: max((len(word) for word, p in patterns.items() if p.search(text)), default=0)
        for layer, patterns in _PATTERNS.items()
    }
    most = max(longest.values())
    best = [layer for layer, length in longest.items() if length == most]
    return best[0] if most and len(best) == 1 else OTHER


_ACCOUNT_PATTERNS = {account: _patterns(words) for account, words in ACCOUNT_WORDS.items()}
_EXACT = {account.replace("_", " "): account for account in ACCOUNT_WORDS if account} | {
    "现金": "cash"
}
_SEGMENTS = re.compile(r"\s*[-–—_/\\:：·>]\s*")


def likely_account(name: str) -> str | None:
    """The standard account whose word in a ledger's name is longest; None for none, or for a tie.

    Of a tie between the parts of 管理费用-研发费用 the last part decides. A number alone is known by
    its first four digits.
    """
    text = name.strip().casefold().replace("_", " ")
    if text.isdigit():
        return _CODES.get(text[:4])
    if text in _EXACT:
        return _EXACT[text]
    best = _longest(text)
    if len(best) > 1:
        best = _longest(_SEGMENTS.split(name.strip().casefold())[-1])
    return best[0] or None if len(best) == 1 else None


def _longest(text: str) -> list[str]:
    longest = {
        account: max((len(word) for word, p in patterns.items() if p.search(text)), default=0)
        for account, patterns in _ACCOUNT_PATTERNS.items()
    }
    most = max(longest.values())
    return [account for account, length in longest.items() if length == most] if most else []


def sounds_failed(activity: str) -> bool:
    """The name speaks of an end without success."""
    text = activity.casefold()
    return any(pattern.search(text) for pattern in _FAILED_PATTERNS.values())
