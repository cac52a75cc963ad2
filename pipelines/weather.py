"""The quickstart's text: weather reports of invented places, about 120 distinct characters.

Small enough that a narrow network learns it on two cores, and with so many combinations that a
window of ten characters hardly ever occurs twice.
"""

import random
from collections.abc import Iterator

_PLACE_FIRST = "东西南北中青白清金银玉龙凤石长新平安永和"
_PLACE_SECOND = "山河江海湖泉林桥城州关口港岭沙田门岛川阳"
_DAYS = ("今天", "明天", "后天", "昨天", "周一", "周二", "周三", "周四", "周五", "周六", "周日")
_TIMES = ("", "早晨", "上午", "中午", "下午", "傍晚", "夜间", "凌晨")
_SKIES = (
    "晴",
    "阴",
    "多云",
    "小雨",
    "中雨",
    "大雨",
    "雷雨",
    "阵雨",
    "小雪",
    "大雪",
    "雾",
    "霜",
    "风沙",
)
_WINDS = ("东风", "南风", "西风", "北风", "东南风", "西北风", "东北风", "西南风")
_NOTES = ("有雾", "结冰", "干燥", "闷热", "转凉", "降温")
_DIGITS = "一二三四五六七八九十"


def sentences(count: int, seed: int = 0) -> Iterator[str]:
    """Distinct weather reports, each a sentence that ends with 。"""
    draw = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        clauses = draw.sample((_sky, _temperature, _wind, _rain, _sun, _note), draw.randint(2, 4))
        sentence = _place(draw) + "，".join(clause(draw) for clause in clauses) + "。"
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def _place(draw: random.Random) -> str:
    return draw.choice(_PLACE_FIRST) + draw.choice(_PLACE_SECOND)


def _sky(draw: random.Random) -> str:
    day, time = draw.choice(_DAYS), draw.choice(_TIMES)
    later = f"转{draw.choice(_SKIES)}" if draw.random() < 0.5 else ""
    return f"{day}{time}{draw.choice(_SKIES)}{later}"


def _temperature(draw: random.Random) -> str:
    low = draw.randint(0, 30)
    if draw.random() < 0.5:
        return f"气温{low}到{low + draw.randint(1, 12)}度"
    return f"最{draw.choice('高低')}{low}.{draw.randint(0, 9)}℃"


def _wind(draw: random.Random) -> str:
    if draw.random() < 0.5:
        return f"{draw.choice(_WINDS)}{draw.choice(_DIGITS)}级"
    return f"{draw.choice(_WINDS)}每秒{draw.randint(1, 28)}米"


def _rain(draw: random.Random) -> str:
    return f"{_place(draw)}雨量{draw.randint(1, 180)}毫米"


def _sun(draw: random.Random) -> str:
    minute = draw.randint(0, 59)
    if draw.random() < 0.5:
        return f"日出{draw.randint(4, 7)}点{minute}分"
    return f"日落{draw.randint(16, 20)}点{minute}分"


def _note(draw: random.Random) -> str:
    return f"湿度{draw.randint(10, 99)}%，{_place(draw)}{draw.choice(_NOTES)}"
