"""Which faces are bundled and where each one comes from: the table that `fonts.build` follows.

Versions are exact, so a rebuild draws the same pixels. Names avoid the reserved ones ("LXGW").
"""

from dataclasses import dataclass

CHANGED_ON = "2026-11-23"  # date of the change notice inside every face


@dataclass(frozen=True, slots=True)
class Package:
    """A package that faces are taken from.

    Attributes:
        kind: "debian" or "npm".
        name: in that archive.
        version: exact version there.
        licence: SPDX id, or "Arphic-1999".
        licence_members: files that make up the licence text, in this order: paths inside the
            package, or absolute paths of texts that every Debian system carries.
    """

    kind: str
    name: str
    version: str
    licence: str
    licence_members: tuple[str, ...]

    @property
    def licence_file(self) -> str:
        """Name of the licence text among the bundled licences."""
        return self.name.rpartition("/")[2] + ".txt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One bundled face.

    Attributes:
        name: stable id that users type.
        family: new family name inside the file.
        package: that holds the font.
        member: path of the font file in the package; a glob pattern where slices are merged.
        full_name: name table entry 4 of the wanted face, which finds it within a collection.
        style: one of `fonts.manifest.STYLES`.
        weight: 100 (thin) to 900 (black), by the look of the strokes.
        sampling_weight: how often the face is chosen, relative to others.
        without: characters left out because this face draws them unlike print does.
        changed_on: date of the change notice inside the face.
    """

    name: str
    family: str
    package: Package
    member: str
    full_name: str
    style: str
    weight: int
    sampling_weight: float
    without: str = ""
    changed_on: str = CHANGED_ON


def debian(package: str, version: str, licence: str, *more_licence: str) -> Package:
    """A Debian package, whose licence is in its copyright file."""
    members = (f"usr/share/doc/{package}/copyright", *more_licence)
    return Package("debian", package, version, licence, members)


def fontsource(package: str, version: str, licence: str = "OFL-1.1") -> Package:
    """A web font of npm's Fontsource collection."""
    return Package("npm", f"@fontsource/{package}", version, licence, ("package/LICENSE",))


_NOTO = debian("fonts-noto-cjk", "1:20220127+repack1-1", "OFL-1.1")
_NOTO_EXTRA = debian("fonts-noto-cjk-extra", "1:20220127+repack1-1", "OFL-1.1")
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


def _slices(package: str) -> str:
    return f"package/files/{package}-*-400-normal.woff2"


RECIPES = (
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
        "noto-sans-sc-regular", "Ocrgen Sans SC", _NOTO,
        _OTF + "NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "sans", 400, 2.0,
    ),
    Recipe(
        "noto-sans-sc-bold", "Ocrgen Sans SC Bold", _NOTO,
        _OTF + "NotoSansCJK-Bold.ttc", "Noto Sans CJK SC Bold", "sans", 700, 0.8,
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
        _slices("zcool-xiaowei"), "ZCOOL XiaoWei Regular", "display", 400, 0.7,
        without="，。：；！？…",  # centred instead of low left; the full stop is a dot
    ),
    Recipe(
        "zcool-kuaile", "Ocrgen Kuaile", fontsource("zcool-kuaile", "5.3.0"),
        _slices("zcool-kuaile"), "ZCOOL KuaiLe Regular", "display", 500, 0.3,
        without="0Oo",  # boxes, hardly told from one another and from 口
    ),
)  # fmt: skip
