"""The words of the sample trade, in English and Chinese, from one table."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

TERMS: dict[str, tuple[str, str]] = {
    # activities
    "inquire": ("Receive inquiry", "接收询价"),
    "quote": ("Send quotation", "发送报价"),
    "lose": ("Close lost inquiry", "询价关闭"),
    "order": ("Place order", "下单"),
    "contract": ("Sign contract", "签订合同"),
    "amend": ("Amend contract", "修改合同"),
    "receive": ("Receive coil", "钢卷入库"),
    "slit": ("Slit coil", "纵剪加工"),
    "inspect": ("Inspect quality", "质量检验"),
    "ship": ("Ship goods", "发货"),
    "deliver": ("Confirm delivery", "签收确认"),
    "invoice": ("Issue invoice", "开具发票"),
    "remind": ("Send payment reminder", "催收货款"),
    "pay": ("Receive payment", "收到货款"),
    # columns
    "column.order": ("order", "订单号"),
    "column.coil": ("coil", "卷号"),
    "column.shipment": ("shipment", "发货单号"),
    "column.invoice": ("invoice", "发票号"),
    "column.activity": ("activity", "工序"),
    "column.start": ("start", "开始时间"),
    "column.end": ("end", "完成时间"),
    "column.person": ("resource", "操作人"),
    "column.firm": ("company", "公司"),
    "column.grade": ("grade", "材质"),
    "column.tonnes": ("tonnes", "吨数"),
    "column.amount": ("amount", "金额"),
    # object types
    "type.order": ("order", "订单"),
    "type.coil": ("coil", "钢卷"),
    "type.shipment": ("shipment", "发货单"),
    "type.invoice": ("invoice", "发票"),
    # firms
    "platform": ("Ironbrook Platform", "铁溪平台"),
    "south": ("South Pond Warehouse", "南塘仓储"),
    "north": ("North Ford Warehouse", "北渡仓储"),
    "haulage": ("Swift River Haulage", "疾川物流"),
    "customer.1": ("Bright Cabinet Works", "明橱制造"),
    "customer.2": ("Two Pines Stamping", "双松冲压"),
    "customer.3": ("Harbour Fan Company", "港风电扇"),
    "customer.4": ("Kettle & Pan Makers", "壶锅厨具"),
    "customer.5": ("Longstreet Shelving", "长街货架"),
    "customer.6": ("Redgate Tubes", "红门制管"),
    # people and machines
    "sales.1": ("Wang Min", "王敏"),
    "sales.2": ("Liu Yang", "刘洋"),
    "sales.3": ("Chen Jing", "陈静"),
    "legal.1": ("Zhao Lei", "赵磊"),
    "yard.south": ("Zhou Qiang", "周强"),
    "yard.north": ("Wu Fang", "吴芳"),
    "line.south": ("South line 1", "南塘一号线"),
    "line.north.1": ("North line 1", "北渡一号线"),
    "line.north.2": ("North line 2", "北渡二号线"),
    "lab.1": ("Sun Li", "孙丽"),
    "lab.2": ("Ma Chao", "马超"),
    "driver.1": ("Driver Gao", "高师傅"),
    "driver.2": ("Driver Luo", "罗师傅"),
    "driver.3": ("Driver He", "何师傅"),
    "finance.1": ("Huang Lan", "黄兰"),
}


def say(key: str, language: Language) -> str:
    """The word for ``key``; a key that is no word (such as Q235B) stands for itself."""
    pair = TERMS.get(key)
    return key if pair is None else pair[language == "zh"]
