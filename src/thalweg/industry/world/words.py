"""The words of the synthetic industry in English and Chinese, from one table.

Names of firms are put together from syllables, of which each stands for the same thing in both
languages, so that a firm is recognised in either. They are invented.
"""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

WORDS: dict[str, tuple[str, str]] = {
    # activities
    "receive_inquiry": ("Receive inquiry", "接收询价"),
    "search_supply": ("Search for supply", "寻找货源"),
    "send_quotation": ("Send quotation", "发送报价"),
    "close_inquiry": ("Close lost inquiry", "询价关闭"),
    "place_order": ("Place order", "下单"),
    "cancel_order": ("Cancel order", "取消订单"),
    "draft_contract": ("Draft contract", "起草合同"),
    "amend_contract": ("Amend contract", "修改合同"),
    "sign_contract": ("Sign contract", "签订合同"),
    "roll_coils": ("Roll coils", "轧制钢卷"),
    "receive_coils": ("Receive coils", "钢卷入库"),
    "issue_receipt": ("Issue warehouse receipt", "开立仓单"),
    "slit_coils": ("Slit coils", "纵剪加工"),
    "inspect_quality": ("Inspect quality", "质量检验"),
    "load_goods": ("Load goods", "装车"),
    "deliver_goods": ("Deliver goods", "送达签收"),
    "settle_receipt": ("Settle against receipt", "仓单结算"),
    "issue_invoice": ("Issue invoice", "开具发票"),
    "dispute_invoice": ("Dispute invoice", "发票异议"),
    "apply_loan": ("Apply for loan", "申请融资"),
    "grant_loan": ("Grant loan", "发放融资"),
    "send_reminder": ("Send payment reminder", "催收货款"),
    "receive_payment": ("Receive payment", "收到货款"),
    "repay_loan": ("Repay loan", "归还融资"),
    # object types
    "inquiry": ("inquiry", "询价单"),
    "order": ("order", "订单"),
    "contract": ("contract", "合同"),
    "coil": ("coil", "钢卷"),
    "warehouse_receipt": ("warehouse receipt", "仓单"),
    "job": ("processing job", "加工单"),
    "shipment": ("shipment", "发货单"),
    "invoice": ("invoice", "发票"),
    "payment": ("payment", "收款单"),
    "loan": ("loan", "融资单"),
    # layers of the chain
    "lead": ("leads", "获客"),
    "match": ("matching", "撮合"),
    "warehousing": ("warehousing", "仓储"),
    "logistics": ("logistics", "物流"),
    "processing": ("processing", "加工"),
    "production": ("production", "生产"),
    "quality": ("quality", "质检"),
    "settlement": ("settlement", "结算"),
    "finance": ("finance", "金融"),
    # roles of parties
    "platform": ("platform", "平台"),
    "member": ("trading firm", "贸易商"),
    "mill": ("mill", "钢厂"),
    "warehouse": ("warehouse", "仓库"),
    "service_centre": ("service centre", "加工中心"),
    "carrier": ("carrier", "承运商"),
    "buyer": ("buyer", "终端用户"),
    "bank": ("bank", "银行"),
    # regions
    "jiangnan": ("Jiangnan", "江南"),
    "bohai": ("Bohai Rim", "环渤海"),
    "pearl_river": ("Pearl River", "珠三角"),
    "sichuan": ("Sichuan Basin", "川渝"),
    "central_plain": ("Central Plain", "中原"),
    # interventions
    "e_receipts": ("Electronic warehouse receipts", "电子仓单"),
    "slitting": ("Slitting optimisation", "纵剪排刀优化"),
    "matching": ("Matching engine", "智能撮合引擎"),
    "supply_finance": ("Supply-chain finance", "供应链金融"),
    "pooled_dispatch": ("Pooled dispatch", "拼车集运"),
    "live_selling": ("Live-streamed selling", "直播卖钢"),
    "e_signing": ("Electronic contract signing", "电子签约"),
    "ai_inspection": ("AI quality inspection", "AI 质检"),
    # kinds of intervention, ways of assigning them, reasons
    "technology": ("technology", "技术"),
    "model": ("model", "模式"),
    "application": ("application", "应用"),
    "randomised": ("randomised", "随机分配"),
    "planned": ("planned", "按计划"),
    "chosen": ("chosen", "挑选"),
    "volunteered": ("volunteered", "自愿报名"),
    "drawn_by_lot": ("The date was drawn by lot", "上线日期由抽签决定"),
    "region_first": ("Region by region, as planned", "按计划分区域推进"),
    "largest_first": ("Larger firms first", "规模大的企业先上"),
    "asked_for_it": ("The firm asked for it", "企业主动申请"),
    "carrier_ready": ("The carrier was ready", "承运商已具备条件"),
    "wanted_leads": ("The firm wanted more leads", "企业希望获得更多客源"),
    "all_at_once": ("Switched on for everybody on one day", "全体企业同日切换"),
    "pilot_site": ("Pilot site", "试点单位"),
    "most_ready_first": ("The firms that were improving most went first", "改善最快的企业先上"),
    # products and services
    "brokerage": ("Brokerage", "撮合交易服务"),
    "slitting_service": ("Slitting service", "剪切加工服务"),
    "freight_service": ("Freight service", "运输服务"),
    "receipt_service": ("Warehouse-receipt service", "仓单服务"),
    "match_service": ("Matching service", "智能撮合服务"),
    "finance_service": ("Finance service", "融资服务"),
    "cut_to_size": ("Cut-to-size steel", "定尺成品钢材"),
    # channels
    "organic": ("no paid channel", "自然流量"),
    "search_ads": ("search advertising", "搜索广告"),
    "field_sales": ("field sales", "地推"),
    "live_streams": ("live streams", "直播"),
    # accounts
    "revenue": ("Revenue", "营业收入"),
    "cost_of_service": ("Cost of service", "服务成本"),
    "traffic_spend": ("Paid traffic", "流量投放"),
    "subsidy": ("Subsidy", "补贴"),
    "research": ("Research and development", "研发支出"),
    "rollout": ("Roll-out", "推广上线支出"),
    "staff": ("Staff and overhead", "人员与管理费用"),
    "capital_raised": ("Outside capital", "外部融资款"),
    # places of work
    "sales": ("Sales desk", "销售台"),
    "desk": ("Matching desk", "撮合台"),
    "legal": ("Contract desk", "合同台"),
    "dock": ("Dock", "卸货口"),
    "line": ("Slitting line", "纵剪线"),
    "lab": ("Test bench", "检验台"),
    "bay": ("Loading bay", "装车位"),
    "clerk": ("Settlement clerk", "结算员"),
    "accounts": ("Accounts desk", "财务台"),
    # qualifiers of links between objects
    "asks_for": ("asks for", "询价对应"),
    "agreed_in": ("agreed in", "签订于"),
    "contains": ("contains", "包含"),
    "stored_under": ("stored under", "存于仓单"),
    "worked_in": ("worked in", "加工于"),
    "shipped_in": ("shipped in", "发运于"),
    "billed_by": ("billed by", "开票于"),
    "settled_by": ("settled by", "付款于"),
    "financed_by": ("financed by", "融资于"),
    # the industry as a whole
    "steel_chain": ("Steel chain", "钢铁产业链"),
}

_FIRST: tuple[tuple[str, str], ...] = (
    ("Iron", "铁"),
    ("Bright", "明"),
    ("Cloud", "云"),
    ("North", "北"),
    ("South", "南"),
    ("Long", "长"),
    ("Swift", "疾"),
    ("Clear", "清"),
    ("Red", "红"),
    ("Gold", "金"),
    ("Silver", "银"),
    ("Pine", "松"),
    ("Jade", "玉"),
    ("Sun", "阳"),
    ("Star", "星"),
    ("New", "新"),
    ("East", "东"),
    ("West", "西"),
    ("High", "高"),
    ("Broad", "广"),
    ("Quiet", "宁"),
    ("Spring", "春"),
    ("Autumn", "秋"),
    ("Stone", "石"),
)
_SECOND: tuple[tuple[str, str], ...] = (
    ("brook", "溪"),
    ("pond", "塘"),
    ("ford", "渡"),
    ("hill", "岭"),
    ("bridge", "桥"),
    ("gate", "门"),
    ("field", "原"),
    ("lake", "湖"),
    ("wood", "林"),
    ("haven", "港"),
    ("peak", "峰"),
    ("stream", "川"),
    ("bay", "湾"),
    ("well", "泉"),
    ("cliff", "崖"),
    ("isle", "洲"),
    ("dale", "谷"),
    ("moor", "泽"),
    ("shore", "岸"),
    ("tower", "台"),
    ("sail", "帆"),
    ("moon", "月"),
    ("crane", "鹤"),
    ("swan", "鸿"),
)
_TRADES: dict[str, tuple[tuple[str, str], ...]] = {
    "platform": (("Steel Platform", "钢铁平台"),),
    "bank": (("Commercial Bank", "商业银行"),),
    "mill": (("Steelworks", "钢铁厂"),),
    "member": (("Steel Trading", "钢铁贸易公司"), ("Metals", "金属材料公司")),
    "warehouse": (("Warehousing", "仓储公司"),),
    "service_centre": (("Steel Service", "钢材加工公司"),),
    "carrier": (("Haulage", "物流公司"), ("Freight Lines", "货运公司")),
    "buyer": (
        ("Appliances", "家电厂"),
        ("Stamping", "冲压厂"),
        ("Tubes", "制管厂"),
        ("Shelving", "货架厂"),
        ("Machinery", "机械厂"),
        ("Auto Parts", "汽车零部件厂"),
    ),
}
_STEP, _SHIFT = 175, 97
"""175 has no divisor in common with 24 · 24, so places of one role have names of their own."""


def say(key: str, language: Language) -> str:
    """The word for ``key``; a key that is no word (such as Q235B) stands for itself."""
    pair = WORDS.get(key)
    return key if pair is None else pair[language == "zh"]


def name_of(role: str, number: int, language: Language) -> str:
    """The name of the ``number``-th party of a role (from 0), the same firm in both languages.

    Names of a role repeat after 576, then with a number behind them.
    """
    chinese = language == "zh"
    roles = list(_TRADES)
    places = len(_FIRST) * len(_SECOND)
    at = (number * _STEP + roles.index(role) * _SHIFT) % places
    first, second = _FIRST[at // len(_SECOND)], _SECOND[at % len(_SECOND)]
    trade = _TRADES[role][number % len(_TRADES[role])]
    again = "" if number < places else f" {number // places + 1}"
    if chinese:
        return f"{first[1]}{second[1]}{trade[1]}{again.strip()}"
    return f"{first[0]}{second[0]} {trade[0]}{again}"


def resource_name(resource: str, firm_name: str, language: Language) -> str:
    """The name of a resource such as ``line-F012-1`` beside the name of its firm."""
    pool, _, number = resource.split("-")
    place = say("desk" if pool == "matching" else pool, language)
    return f"{firm_name}{place}{number}" if language == "zh" else f"{firm_name} {place} {number}"
