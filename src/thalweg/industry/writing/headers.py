"""What columns, tables and files are called, in English and Chinese, from one table."""

from __future__ import annotations

from thalweg.industry.world.words import Language

HEADERS: dict[str, tuple[str, str]] = {
    # events and objects
    "event": ("event", "事件编号"),
    "activity": ("activity", "业务动作"),
    "start": ("start", "开始时间"),
    "end": ("end", "完成时间"),
    "resource": ("resource", "经办人"),
    "party": ("party", "企业"),
    "firm": ("firm", "所属企业"),
    "amount_cny": ("amount_cny", "金额"),
    "tonnes": ("tonnes", "吨数"),
    "grade": ("grade", "材质"),
    "coils": ("coils", "卷数"),
    "buyer": ("buyer", "采购商"),
    "mill": ("mill", "钢厂"),
    "warehouse": ("warehouse", "仓库"),
    "service_centre": ("service_centre", "加工中心"),
    "carrier": ("carrier", "承运商"),
    "bank": ("bank", "银行"),
    "channel": ("channel", "渠道"),
    "entry": ("entry", "流水号"),
    # parties: names that ``thalweg ingest --parties`` knows
    "parties.party": ("party", "企业编号"),
    "parties.name": ("name", "企业名称"),
    "parties.role": ("role", "角色"),
    "parties.region": ("region", "地区"),
    "parties.layer": ("layer", "环节"),
    "parties.parent": ("parent", "上级单位"),
    "parties.size": ("size", "规模"),
    "parties.joined": ("joined", "入驻日期"),
    "parties.eligible": ("eligible", "可推广"),
    # interventions: names that ``thalweg ingest --interventions`` knows
    "interventions.intervention": ("intervention", "举措编号"),
    "interventions.name": ("name", "名称"),
    "interventions.kind": ("kind", "类别"),
    "interventions.layers": ("layers", "环节"),
    "interventions.unit": ("unit", "单位"),
    "interventions.from": ("from", "开始日期"),
    "interventions.to": ("to", "结束日期"),
    "interventions.intensity": ("intensity", "强度"),
    "interventions.cost": ("cost", "成本"),
    "interventions.currency": ("currency", "币种"),
    "interventions.assignment": ("assignment", "分配方式"),
    "interventions.reason": ("reason", "原因"),
    # products, ledger, traffic, pauses, control totals: names that ``thalweg ingest`` knows
    "products.product": ("product", "产品编号"),
    "products.name": ("name", "名称"),
    "products.service": ("service", "是否服务"),
    "products.first_sale": ("first_sale", "首次销售日期"),
    "products.intervention": ("intervention", "举措编号"),
    "ledger.party": ("party", "企业编号"),
    "ledger.month": ("month", "月份"),
    "ledger.product": ("product", "产品编号"),
    "ledger.account": ("account", "科目"),
    "ledger.amount_cny": ("amount_cny", "金额"),
    "traffic.party": ("party", "企业编号"),
    "traffic.month": ("month", "月份"),
    "traffic.channel": ("channel", "渠道"),
    "traffic.visits": ("visits", "访问量"),
    "traffic.leads": ("leads", "线索数"),
    "traffic.orders": ("orders", "订单数"),
    "traffic.spend_cny": ("spend_cny", "投放费用"),
    "pauses.party": ("party", "企业编号"),
    "pauses.month": ("month", "月份"),
    "pauses.channel": ("channel", "渠道"),
    "pauses.assignment": ("assignment", "分配方式"),
    "totals.month": ("month", "月份"),
    "totals.account": ("account", "科目"),
    "totals.amount_cny": ("amount_cny", "金额"),
    # files
    "file.log": ("industry", "产业记录"),
    "file.events": ("events", "事件"),
    "file.shared_events": ("shared_events", "共有事件"),
    "file.object_links": ("object_links", "对象关系"),
    "file.journal": ("work_journal", "作业流水"),
    "file.parties": ("parties", "企业"),
    "file.interventions": ("interventions", "举措"),
    "file.products": ("products", "产品"),
    "file.ledger": ("ledger", "账目"),
    "file.traffic": ("traffic", "流量"),
    "file.pauses": ("pauses", "投放暂停"),
    "file.totals": ("totals", "控制总额"),
    "file.mapping": ("mapping", "映射"),
    "file.profile": ("profile", "产业说明"),
    # columns of ends of links
    "source": ("source", "起点"),
    "source_type": ("source_type", "起点类型"),
    "target": ("target", "终点"),
    "target_type": ("target_type", "终点类型"),
    "qualifier": ("qualifier", "关系"),
}
_OF_WORK: dict[str, tuple[str, str]] = {
    "start": ("{}: started", "{}开始时间"),
    "end": ("{}: done", "{}完成时间"),
    "resource": ("{}: by", "{}经办人"),
    "party": ("{}: at", "{}经办单位"),
    "amount_cny": ("{}: amount_cny", "{}金额"),
    "tonnes": ("{}: tonnes", "{}吨数"),
}


def header(key: str, language: Language) -> str:
    """What a column is called; a key without an entry stands for itself."""
    pair = HEADERS.get(key)
    return key if pair is None else pair[language == "zh"]


def work_header(activity: str, key: str, language: Language) -> str:
    """The column of a document table that tells ``key`` of an activity."""
    return _OF_WORK[key][language == "zh"].format(activity)


def id_header(kind: str, language: Language) -> str:
    """The column with the number of an object of this type."""
    return f"{kind}号" if language == "zh" else f"{kind} no"
