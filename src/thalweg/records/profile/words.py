"""Names of the layers of a trade in goods, and words by which activities tell their layer."""

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


def sounds_failed(activity: str) -> bool:
    """The name speaks of an end without success."""
    text = activity.casefold()
    return any(pattern.search(text) for pattern in _FAILED_PATTERNS.values())
