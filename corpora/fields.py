"""Generated fields and codes: what stands on forms, invoices, signs and screens.

Every line is a pure function of its number, so the corpus is the same everywhere and each time.
"""

from collections.abc import Callable, Iterator
from random import Random

from corpora.numerals import amount, digit_by_digit, spoken

VERSION = "1"
LINES = 20_000
_SHORTEST = 10

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_AREA_CODES = ("010", "021", "022", "0755", "0571", "028", "0512", "0898", "0991", "029")
_MOBILE = ("130", "138", "139", "150", "156", "177", "186", "188", "191", "199")
_CITIES = ("北京", "上海", "广州", "成都", "西安", "杭州", "长沙", "昆明", "沈阳", "厦门", "兰州")
_ROADS = ("人民", "中山", "解放", "建设", "长江", "学院", "滨河", "工业", "迎宾", "翠竹")
_GOODS = ("打印纸", "墨盒", "螺栓", "轴承", "电缆", "瓷砖", "茶叶", "大米", "棉布", "课本", "药品")
_WHO = ("付款人", "收款单位", "经办人", "申请人", "法定代表人", "联系人", "持证人", "报销人")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英文华玉建国志海燕晨雪宁"
_DOMAINS = ("example.com", "mail.example.cn", "shop.example.net", "data.example.org")
_WORDS = ("order", "news", "report", "user", "index", "ticket", "invoice", "photo", "query", "help")
_MEASURES = {
    "额定功率": ("kW", "W", "千瓦"), "环境温度": ("℃", "度"), "最大载重": ("kg", "吨", "公斤"),
    "建筑面积": ("平方米", "亩"), "净含量": ("mL", "g", "克", "毫升"), "输入电压": ("V", "伏"),
    "传输速率": ("MB/s", "Gbps"), "工作压力": ("MPa", "kPa"), "单价": ("元/吨", "元/千克", "＄/t"),
    "用水量": ("立方米", "吨"), "用电量": ("kWh", "千瓦时", "度"), "里程": ("km", "公里", "海里"),
    "内存容量": ("GB", "MB"), "误差不超过": ("mm", "μm", "％", "‰"), "心率": ("次/分",),
    "海拔": ("米", "m"), "车速": ("km/h", "公里/小时"), "噪声": ("dB", "分贝"), "倾角": ("°", "′"),
}  # fmt: skip
_DOCUMENTS = (
    "合同编号", "发票号码", "身份证号", "护照号", "营业执照", "房产证号", "病历号", "快递单号",
    "准考证号", "统一社会信用代码", "银行账号", "订单号", "许可证号", "批准文号",
)  # fmt: skip
_WEEK = "一二三四五六日"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_STEMS = "甲乙丙丁戊己庚辛壬癸"


def write() -> Iterator[str]:
    """All lines in order, each at least ten characters long."""
    for number in range(LINES):
        draw = Random(f"fields/{VERSION}/{number}")
        line = draw.choice(_RULES)(draw)
        while len(line) < _SHORTEST:
            line += draw.choice(("，", "；", "　")) + draw.choice(_RULES)(draw)
        yield line


def _digits(draw: Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _name(draw: Random) -> str:
    given = "".join(draw.choice(_GIVEN) for _ in range(draw.randint(1, 2)))
    return draw.choice(_SURNAMES) + given


def _date(draw: Random) -> str:
    year, month, day = draw.randint(1949, 2035), draw.randint(1, 12), draw.randint(1, 28)
    return draw.choice(
        (
            f"{year}年{month}月{day}日",
            f"{year}-{month:02d}-{day:02d}",
            f"{year}/{month}/{day}",
            f"{year}.{month:02d}.{day:02d}",
            f"{digit_by_digit(year)}年{spoken(month)}月{spoken(day)}日",
            f"{_lunar_year(year)}年{spoken(month)}月初{spoken(day % 10 + 1)}",
            f"{month}月{day}日（星期{draw.choice(_WEEK)}）",
        )
    )


def _lunar_year(year: int) -> str:
    return _STEMS[(year - 4) % 10] + _BRANCHES[(year - 4) % 12]


def _dated(draw: Random) -> str:
    label = draw.choice(("日期：", "开票日期：", "有效期至", "签发于", "出生：", "截止时间："))
    clock = f" {draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}" if draw.random() < 0.4 else ""
    return label + _date(draw) + clock


def _money(draw: Random) -> str:
    cents = int(10 ** draw.uniform(2, 10.5))
    if draw.random() < 0.3:
        cents -= cents % 100
    figures = f"{cents / 100:,.2f}"
    return draw.choice(
        (
            f"合计人民币（大写）{amount(cents)}",
            f"大写：{amount(cents)}（{figures}元）",
            f"人民币{figures}元，{amount(cents)}",
            f"金额：{figures}元",
            f"{draw.choice(_WHO)}{_name(draw)}，应付￥{cents / 100:.2f}",
            f"总价{spoken(cents // 100)}元，定金{draw.randint(5, 50)}%",
        )
    )


def _goods(draw: Random) -> str:
    count, price = draw.randint(1, 999), draw.randint(100, 99_999)
    return f"{draw.choice(_GOODS)}×{count}，单价{price / 100:.2f}，小计{count * price / 100:,.2f}"


def _telephone(draw: Random) -> str:
    mobile = draw.choice(_MOBILE) + _digits(draw, 8)
    fixed = f"{draw.choice(_AREA_CODES)}-{draw.randint(2, 8)}{_digits(draw, 7)}"
    return draw.choice(
        (
            f"电话：{fixed}",
            f"联系电话{mobile}（{_name(draw)}）",
            f"手机：+86 {mobile[:3]} {mobile[3:7]} {mobile[7:]}",
            f"传真：({fixed.replace('-', ')')}转{draw.randint(100, 8999)}",
            f"服务热线：400-{_digits(draw, 3)}-{_digits(draw, 4)}",
        )
    )


def _plate(draw: Random) -> str:
    head = draw.choice(_PROVINCES) + draw.choice(_PLATE_LETTERS)
    green = draw.choice("DF") + _digits(draw, 5)
    plain = "".join(draw.choice(_PLATE_LETTERS + "0123456789" * 3) for _ in range(5))
    kind = draw.choice(("小型轿车", "车牌号", "货车", "号牌号码：", "新能源车", "公交车", "出租车"))
    return f"{kind}{head}·{green if draw.random() < 0.3 else plain}"


def _document(draw: Random) -> str:
    capital = "".join(draw.choice("ABCDEFGHJKLMNPQRTUWXY") for _ in range(2))
    year = draw.randint(1990, 2030)
    born = f"{year - 40}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    code = draw.choice(
        (
            f"{capital}{_digits(draw, 8)}",
            f"{capital}-{year}-{_digits(draw, 4)}",
            f"No.{_digits(draw, 8)}",
            f"〔{year}〕{draw.randint(1, 400)}号",
            f"{_digits(draw, 6)}{born}{_digits(draw, 3)}{draw.choice('0123456789X')}",
            " ".join(_digits(draw, 4) for _ in range(4)),
            f"第{spoken(draw.randint(1, 9999))}号",
            f"{_digits(draw, 3)}/{capital}#{_digits(draw, 4)}",
        )
    )
    return draw.choice(_DOCUMENTS) + draw.choice(("：", ":", "")) + code


def _measure(draw: Random) -> str:
    what = draw.choice(list(_MEASURES))
    value = draw.choice(
        (f"{draw.uniform(0, 999):.1f}", str(draw.randint(1, 99_999)), f"±{draw.uniform(0, 9):.2f}")
    )
    if draw.random() < 0.3:
        value += f"～{draw.randint(1000, 9999)}"
    return f"{what}{value}{draw.choice(_MEASURES[what])}"


def _address(draw: Random) -> str:
    road = draw.choice(_ROADS) + draw.choice(("路", "大道", "街", "巷"))
    house = f"{draw.randint(1, 1999)}号{draw.randint(1, 40)}栋{draw.randint(1, 6)}单元"
    return f"{draw.choice(_CITIES)}市{road}{house}{draw.randint(1, 33)}{draw.randint(1, 12):02d}室"


def _online(draw: Random) -> str:
    word, domain = draw.choice(_WORDS), draw.choice(_DOMAINS)
    return draw.choice(
        (
            f"邮箱：{word}{_digits(draw, 3)}@{domain}",
            f"https://www.{domain}/{word}?id={_digits(draw, 5)}",
            f"网址www.{domain}/{word}_{draw.randint(1, 99)}.html",
            f"验证码{_digits(draw, 6)}，{draw.randint(1, 30)}分钟内有效",
            f"IP地址：{'.'.join(str(draw.randint(1, 254)) for _ in range(4))}",
            f"微信号：{word}_{draw.choice(_WORDS)}{_digits(draw, 2)}",
            f"版本v{draw.randint(0, 9)}.{draw.randint(0, 20)}.{_digits(draw, 7)}",
        )
    )


def _journey(draw: Random) -> str:
    train = draw.choice("GDCZTK") + str(draw.randint(1, 9998))
    start, end = draw.sample(_CITIES, 2)
    seat = f"{draw.randint(1, 16):02d}车{draw.randint(1, 20):02d}{draw.choice('ABCDF')}号"
    return f"{train}次 {start}—{end} {seat} {draw.choice(('一', '二'))}等座"


def _list_item(draw: Random) -> str:
    number = draw.randint(0, 9)
    mark = draw.choice(
        (
            f"({number + 1})",
            f"{number + 1}. ",
            f"{spoken(number + 1)}、",
            f"（{spoken(number + 1)}）",
            f"§{number + 1}.{draw.randint(1, 9)} ",
            f"№{draw.randint(1, 99)} ",
            chr(0x2460 + number),  # ① and its like, which many alphabets lack
            draw.choice("○●△▲□■☆★◇◆※→←↑↓◎〓"),
        )
    )
    box = draw.choice(
        ("□是□否", "【必填】", "《说明》第" + str(number) + "条", "〖附件〗", "（见背面）")
    )
    return f"{mark}{draw.choice(_DOCUMENTS)}{box}"


_RULES: tuple[Callable[[Random], str], ...] = (
    _dated, _money, _money, _goods, _telephone, _plate, _document, _document, _measure, _address,
    _online, _journey, _list_item,
)  # fmt: skip
