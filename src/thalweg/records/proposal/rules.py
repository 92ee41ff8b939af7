"""Names that columns go by, in the languages and systems that exports come from.

Names are compared without case, blanks and punctuation. A ``standard`` name is one that a
format or a well-known tool writes itself, so that nobody needs to be asked.
"""

from __future__ import annotations

import re
from typing import Literal

Field = Literal[
    "case", "activity", "time", "start", "event", "resource", "party", "lifecycle", "instance"
]

STANDARD: dict[str, dict[Field, tuple[str, ...]]] = {
    "xes": {
        "case": ("case:concept:name",),
        "activity": ("concept:name",),
        "time": ("time:timestamp",),
        "start": ("start_timestamp",),
        "resource": ("org:resource",),
        "lifecycle": ("lifecycle:transition",),
        "instance": ("concept:instance",),
    },
    "disco": {
        "case": ("case id",),
        "activity": ("activity",),
        "time": ("complete timestamp", "timestamp"),
        "start": ("start timestamp",),
        "resource": ("resource",),
    },
    "plain": {
        "case": ("case_id", "caseid"),
        "activity": ("activity",),
        "time": ("timestamp", "end_time", "end_timestamp"),
        "start": ("start_time", "start_timestamp"),
        "resource": ("resource",),
    },
}
"""Exact names (but for capitals) by family of tools."""

_KNOWN: dict[Field, str] = {
    "case": (
        "case caseid casenumber caseno casekey trace traceid processinstance processinstanceid "
        "instanceid 案例 案例id 案例号 案例编号 案件 案件号 流程实例 流程实例id 流程实例号 流程编号 "
        "实例 实例id 订单号 订单编号 订单id 工单 工单号 工单编号 业务编号 申请编号 申请单号 单号 批次号 运单号 "
        "fall fallid fallnummer vorgangsnummer vorgangsid auftragsnummer auftragsnr auftrag "
        "zaak zaakid zaaknummer dossiernummer dossier ordernummer ticketid ticketnumber "
        "incidentid incidentnumber srnumber"
    ),
    "activity": (
        "activity activityname eventactivity conceptname event eventname task "
        "taskname action step stepname operation operationname 活动 活动名 活动名称 工序 工序名称 "
        "操作 操作名称 操作类型 步骤 环节 节点 节点名称 事件 事件名称 任务 任务名称 动作 流程节点 作业 "
        "aktivität aktivitaet aktivitätsname tätigkeit taetigkeit schritt arbeitsschritt "
        "arbeitsgang vorgang ereignis activiteit handeling stap processtap taak gebeurtenis "
        "status state 状态"
    ),
    "time": (
        "timestamp time datetime eventtime eventtimestamp eventdate timetimestamp date "
        "completetimestamp endtimestamp endtime end enddate completetime completiontime "
        "completedat finishtime finish finished completed createdat occurredat "
        "时间 时间戳 日期 结束时间 完成时间 完工时间 发生时间 操作时间 处理时间 事件时间 记录时间 结束日期 "
        "完成日期 zeitstempel zeitpunkt zeit datum ende endzeit endezeit enddatum abgeschlossenam "
        "tijdstip tijdstempel tijd einde eindtijd einddatum"
    ),
    "start": (
        "start starttime starttimestamp startdate startedat begin begintime begindate "
        "开始时间 起始时间 开工时间 开始日期 startzeit startdatum beginn beginnzeit anfang "
        "begintijd starttijd begindatum aanvang"
    ),
    "event": "eventid eventno eid ocelid oceleid 事件id 事件编号 ereignisid",
    "resource": (
        "orgresource resource resourcename user username userid operator employee agent worker "
        "performer executor assignee handler owner 操作人 操作人员 操作员 处理人 处理人员 负责人 执行人 "
        "经办人 员工 人员 资源 bearbeiter sachbearbeiter benutzer nutzer mitarbeiter ressource "
        "medewerker gebruiker behandelaar uitvoerder usnam ernam aenam"
    ),
    "party": (
        "company firm vendor vendorid vendorname supplier suppliername party partner customer "
        "customername organization organisation 公司 公司名称 企业 供应商 供应商名称 客户 客户名称 厂商 "
        "承运商 部门 lieferant kunde firma unternehmen leverancier klant bedrijf lifnr kunnr bukrs"
    ),
    "lifecycle": "lifecycletransition lifecycle transition eventlifecycle",
    "instance": "conceptinstance activityinstance activityinstanceid activityid instance",
}

CASE_WORDS = ("case", "trace", "processinstance", "案例", "案件", "流程", "实例", "fall", "zaak")
"""Beginnings of names that mean a case and nothing else; other keys may be one object of many."""

WEAK_ACTIVITY = frozenset({"status", "state", "状态"})
"""Names that mean the activity only when nothing better is there."""

AMOUNT_WORDS = ("amount", "price", "cost", "revenue", "金额", "价", "费", "额", "betrag", "bedrag")
_TIME_SUFFIX = re.compile(
    r"(?:时间|日期|[_\s.-]+(?i:timestamp|time|date|datum|zeit|tijd|at|on)"
    r"|(?<=[a-z])(?:Timestamp|Time|Date|Datum|Zeit|Tijd|At|On))$"
)
_KEY_SUFFIX = re.compile(
    r"(?:[_\s.-]+(?:id|no|nr|number|key|code)|(?<=[a-z])(?:ID|Id|No|Nr|Number|Key)"
    r"|编号|编码|^单号|号|id|ID)$"
)
_OBJECT_WORDS = frozenset(
    [
        "order",
        "item",
        "invoice",
        "delivery",
        "shipment",
        "package",
        "product",
        "material",
        "customer",
        "supplier",
        "vendor",
        "payment",
        "contract",
        "offer",
        "quotation",
        "requisition",
        "container",
        "ticket",
        "document",
        "batch",
        "订单",
        "发票",
        "运单",
        "批次",
        "合同",
        "物料",
        "bestellung",
        "rechnung",
        "lieferung",
        "auftrag",
        "factuur",
        "levering",
    ]
)
_SAP_TYPES = {
    "ebeln": "purchase order",
    "ebelp": "purchase order item",
    "vbeln": "sales document",
    "belnr": "document",
    "mblnr": "material document",
    "banfn": "purchase requisition",
    "aufnr": "production order",
    "matnr": "material",
    "lifnr": "vendor",
    "kunnr": "customer",
    "hkont": "account",
    "usnam": "user",
    "xblnr": "reference",
}
_SAP_TIMES = frozenset(["budat", "cpudt", "cputm", "aedat", "erdat", "udate", "utime", "augdt"])
_SAP_KEYS = frozenset(
    [
        "mandt",
        "gjahr",
        "mjahr",
        "bukrs",
        "werks",
        "augbl",
        "buzei",
        "zeile",
        "vgabe",
        "bwart",
        "objectid",
        "changenr",
        "objectclas",
    ]
)


_SIMPLIFIED = str.maketrans(
    "訂單編號時間開結處責廠車產數狀態應對務員業種類實體說價額總計運輸庫質檢驗裝貨發貸審覈執動項"
    "順國際據憑證屬環節點標識聯繫資組織負請購銷售後備註",
    "订单编号时间开结处责厂车产数状态应对务员业种类实体说价额总计运输库质检验装货发贷审核执动项"
    "顺国际据凭证属环节点标识联系资组织负请购销售后备注",
)
"""Characters of column names that are written differently in Taiwan and Hong Kong."""


def compact(name: str) -> str:
    """A name without case, blanks and punctuation, in simplified characters."""
    return re.sub(r"[\W_]+", "", name.lower()).translate(_SIMPLIFIED)


def known(field: Field) -> tuple[str, ...]:
    """The compact names of a field, the most telling first."""
    return tuple(_KNOWN[field].split())


def family_of(name: str, field: Field) -> str | None:
    """The family in which this is the standard name of the field, if any."""
    lowered = name.strip().lower()
    for family, fields in STANDARD.items():
        if lowered in fields.get(field, ()):
            return family
    return None


def milestone_activity(column: str) -> str:
    """The activity that a time column stands for: 交货时间 is 交货, shipped_at is shipped."""
    stem = _TIME_SUFFIX.sub("", column.strip())
    return stem or column


def object_type(column: str) -> str | None:
    """The type of object that a column's name speaks of, or None: order_id names an order."""
    name = column.strip()
    if (sap := _SAP_TYPES.get(name.lower())) is not None:
        return sap
    plain = name.translate(_SIMPLIFIED)
    stem = _KEY_SUFFIX.sub("", plain).strip(" _.-")
    if stem.lower() in _OBJECT_WORDS:
        return stem.lower()
    return stem.lower() if stem and stem != plain else None


def names_key(column: str) -> bool:
    """The name says that the values are keys, whatever they look like."""
    name = column.strip().translate(_SIMPLIFIED)
    return (
        _KEY_SUFFIX.search(name) is not None
        or name.endswith("行")
        or (is_sap(name) and name.lower() not in _SAP_TIMES)
    )


def is_sap(column: str) -> bool:
    """A field name of SAP's tables: such a file is one of several that belong together."""
    return column.lower() in _SAP_TYPES.keys() | _SAP_TIMES | _SAP_KEYS
