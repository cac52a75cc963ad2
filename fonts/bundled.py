"""Which Chinese faces are bundled, and where each one comes from."""

from fonts.recipes import Package, Recipe, debian, fontsource, slices

_NOTO = debian("fonts-noto-cjk", "1:20220127+repack1-1", "OFL-1.1")
_NOTO_EXTRA = debian("fonts-noto-cjk-extra", "1:20220127+repack1-1", "OFL-1.1")
_NOTO_VARIABLE = Package(
    "pypi", "manimgx-fonts-cjk", "2026.9.26.post1", "OFL-1.1",
    ("manimgx_fonts_cjk-2026.9.26.post1.dist-info/licenses/LICENSE",),
)  # fmt: skip
_WENKAI = debian("fonts-lxgw-wenkai", "1.250+repack-1", "OFL-1.1")
_MICRO_HEI = debian(
    "fonts-wqy-microhei",
    "0.2.0-beta-3.1",
    "Apache-2.0",
    "/usr/share/common-licenses/Apache-2.0",
)
_GBSN = debian("fonts-arphic-gbsn00lp", "2.11-16", "Arphic-1999")
_GKAI = debian("fonts-arphic-gkai00mp", "2.11-16", "Arphic-1999")
_SMILEY = debian("fonts-smiley-sans", "1.1.1-1", "OFL-1.1")

_OTF = "usr/share/fonts/opentype/noto/"
_TTF = "usr/share/fonts/truetype/"


BUNDLED = (
    Recipe(
        "arphic-song-gb", "Ocrgen Song GB", _GBSN,
        _TTF + "arphic-gbsn00lp/gbsn00lp.ttf", "AR PL SungtiL GB", "song", 300, 3.0,
    ),
    Recipe(
        "noto-serif-sc-light", "Ocrgen Serif SC Light", _NOTO_EXTRA,
        _OTF + "NotoSerifCJK-Light.ttc", "Noto Serif CJK SC Light", "song", 300, 2.0,
    ),
    Recipe(
        "noto-serif-sc-regular", "Ocrgen Serif SC", _NOTO,
        _OTF + "NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "song", 400, 2.0,
    ),
    Recipe(
        "noto-serif-sc-bold", "Ocrgen Serif SC Bold", _NOTO,
        _OTF + "NotoSerifCJK-Bold.ttc", "Noto Serif CJK SC Bold", "song", 700, 0.8,
    ),
    Recipe(
        "arphic-kai-gb", "Ocrgen Kai GB", _GKAI,
        _TTF + "arphic-gkai00mp/gkai00mp.ttf", "AR PL KaitiM GB", "kai", 400, 3.0,
    ),
    Recipe(
        "wenkai-light", "Ocrgen Wen Light", _WENKAI,
        _TTF + "lxgw-wenkai/LXGWWenKai-Light.ttf", "LXGW WenKai Light", "kai", 300, 1.5,
    ),
    Recipe(
        "wenkai-regular", "Ocrgen Wen", _WENKAI,
        _TTF + "lxgw-wenkai/LXGWWenKai-Regular.ttf", "LXGW WenKai", "kai", 400, 1.0,
    ),
    Recipe(
        "noto-sans-sc", "Ocrgen Sans SC", _NOTO_VARIABLE,
        "manimgx_fonts_cjk/NotoSansCJK-VF.otf.ttc", "Noto Sans CJK SC", "sans", 400, 2.0,
        instances=(
            ("noto-sans-sc-thin", 100.0, 0.1),
            ("noto-sans-sc-extralight", 200.0, 0.2),
            ("noto-sans-sc-light", 300.0, 0.3),
            ("noto-sans-sc-demilight", 350.0, 0.3),
            ("noto-sans-sc-regular", 400.0, 1.2),
            ("noto-sans-sc-medium", 500.0, 0.5),
            ("noto-sans-sc-semibold", 600.0, 0.3),
            ("noto-sans-sc-bold", 700.0, 0.6),
            ("noto-sans-sc-black", 900.0, 0.3),
        ),
    ),
    Recipe(
        "micro-hei", "Ocrgen Micro Hei", _MICRO_HEI,
        _TTF + "wqy/wqy-microhei.ttc", "WenQuanYi Micro Hei", "sans", 400, 1.5,
        without="′″",  # the very outlines of the ASCII quotes
    ),
    Recipe(
        "smiley-oblique", "Ocrgen Oblique", _SMILEY,
        _TTF + "smiley-sans/SmileySans-Oblique.ttf", "Smiley Sans Oblique", "display", 500, 0.5,
    ),
    Recipe(
        "zcool-xiaowei", "Ocrgen Xiaowei", fontsource("zcool-xiaowei", "5.3.0"),
        slices("zcool-xiaowei"), "ZCOOL XiaoWei Regular", "display", 400, 0.7,
        without="，。：；！？…",  # centred instead of low left; the full stop is a dot
    ),
    Recipe(
        "zcool-kuaile", "Ocrgen Kuaile", fontsource("zcool-kuaile", "5.3.0"),
        slices("zcool-kuaile"), "ZCOOL KuaiLe Regular", "display", 500, 0.3,
        without="0Oo",  # boxes, hardly told from one another and from 口
    ),
)  # fmt: skip
