"""Sets of faces that exceed the wheel: downloaded from the registries that publish them.

They are built by the code that builds the bundled ones, and listed in a folder of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fonts.errors import FontError
from fonts.library import SETS_FOLDER
from fonts.recipes import Package, Recipe, debian, fontsource, slices

_OTF = "usr/share/fonts/opentype/noto/"
_SERIF = replace(
    debian("fonts-noto-cjk-extra", "1:20220127+repack1-1", "OFL-1.1"),
    path="pool/main/f/fonts-noto-cjk/fonts-noto-cjk-extra_20220127+repack1-1_all.deb",
    checksum="5f6536c99f9b3d77a3c383c3f1544f6d49350e7f20832c4c979af0e33f603cb5",
)
_WENKAI = replace(
    debian("fonts-lxgw-wenkai", "1.250+repack-1", "OFL-1.1"),
    path="pool/main/f/fonts-lxgw-wenkai/fonts-lxgw-wenkai_1.250+repack-1_all.deb",
    checksum="6d1e4c4aac78ad32062aefa2c836ee4d6e58f9dcf8b3f4407c9eefe304615318",
)
_LONG_CANG = replace(
    fontsource("long-cang", "5.3.0"),
    path="@fontsource/long-cang/-/long-cang-5.3.0.tgz",
    checksum="94270125bf8b599a58095b46bd046264fcb9fc46863ee60bc9ca495d420ecf6f"
    "046061aa853556051a98eae71a5bc97517c82f7e3bad6353e800f52b1623f4c2",
)
_ZHI_MANG_XING = replace(
    fontsource("zhi-mang-xing", "5.3.0"),
    path="@fontsource/zhi-mang-xing/-/zhi-mang-xing-5.3.0.tgz",
    checksum="576d720829b9a363c77571763fd28a87bba2a8bf10145b882380d1424a46db8b"
    "5fc83cc93dc8572acc6472f28ce37c443ef40a75b8470816d71058dc9bf4d409",
)
_HUANGYOU = replace(
    fontsource("zcool-qingke-huangyou", "5.3.0"),
    path="@fontsource/zcool-qingke-huangyou/-/zcool-qingke-huangyou-5.3.0.tgz",
    checksum="ebf95df31fe49ead4d8c34312d2ca0f690e704f3a6b560dbdf4653164fa7f0ec"
    "5f901a14bcf031877695ffaf94146980e427a425f720a54c1ddbfc7fc1e2ef49",
)
_MA_SHAN_ZHENG = replace(
    fontsource("ma-shan-zheng", "5.3.1"),
    path="@fontsource/ma-shan-zheng/-/ma-shan-zheng-5.3.1.tgz",
    checksum="7061a7ed88ded9149db97571124fab09f359c83fd3ffb14c1a3d372cd3e22bc4"
    "d12fd4a29e0d2dab5cc91779fe5b6f6cccfaa06f644db39a08be69be8a4788f9",
)
_CENTRED = "，。、；：！？…"  # marks that display faces draw unlike print does
_SCREEN = Package(
    "npm", "lxgw-wenkai-screen-webfont", "1.7.0", "OFL-1.1", ("package/OFL.txt",),
    "lxgw-wenkai-screen-webfont/-/lxgw-wenkai-screen-webfont-1.7.0.tgz",
    "c6f7c5e15dba31bdf7e712a0deec658f3f95da7ab81797a4d24bbda66c8a813d"
    "03ce8fdddab1e2ed6a67aa0bccf6695701c00a3abc6b70399466222cfd943d6d",
)  # fmt: skip
_UNIFONT = replace(
    fontsource("unifontex", "5.2.6"),
    path="@fontsource/unifontex/-/unifontex-5.2.6.tgz",
    checksum="cba3d738d3807ec231d2fffb41ebd0af1f92156e81d8e051ed56587a5ede93fc"
    "bc33cf737d004a38bc95f17f4a9ad0244b5abd252f4c14392aefcbdcbf50b0b5",
)
_MAPLE = Package(
    "npm", "@chinese-fonts/maple-mono-cn", "2.0.0", "OFL-1.1", ("package/LICENSE",),
    "@chinese-fonts/maple-mono-cn/-/maple-mono-cn-2.0.0.tgz",
    "0eb3efaf6fd28de181b4eb2990963aca01653e796d08226599922055bba91e9d"
    "edbf106b223073f1a213d686c2c6acfad5c24ff5e354f7beedb1eedcf0d88b67",
    replace(
        fontsource("maple-mono", "5.3.0"),  # the licence of its makers
        path="@fontsource/maple-mono/-/maple-mono-5.3.0.tgz",
        checksum="f0ddc55435a984effdef5b5922283d0f9e7c8fd8dfd3d7d66085c58e0bfb0ca2"
        "44bc38ed81f013c7549c5877530ac7feb6e7c54b93356c06b802e99504a3e149",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces that are downloaded together.

    Attributes:
        name: as `ocrgen fonts download` and `--faces` take it.
        about: one line, with the size of the download.
        recipes: of its faces.
    """

    name: str
    about: str
    recipes: tuple[Recipe, ...]


def _serif(cut: str, weight: int, often: float) -> Recipe:
    return Recipe(
        f"noto-serif-sc-{cut.lower()}", f"Ocrgen Serif SC {cut}", _SERIF,
        f"{_OTF}NotoSerifCJK-{cut}.ttc", f"Noto Serif CJK SC {cut}", "song", weight, often,
    )  # fmt: skip


def _rounded(cut: str, weight: int, often: float) -> Recipe:
    return Recipe(
        f"maple-{cut.lower()}", f"Ocrgen Rounded {cut}", _MAPLE,
        f"package/dist/MapleMono-CN-{cut}/*.woff2", f"Maple Mono CN {cut}", "sans", weight, often,
    )  # fmt: skip


SETS = (
    FaceSet(
        "serif-weights", "Noto Serif SC from extra light to black, 134 MB",
        (
            _serif("ExtraLight", 200, 0.5), _serif("Medium", 500, 1.0),
            _serif("SemiBold", 600, 0.7), _serif("Black", 900, 0.4),
        ),
    ),
    FaceSet(
        "rounded", "Maple Mono CN, rounded sans in eight weights, 143 MB",
        (
            _rounded("Thin", 100, 0.1), _rounded("ExtraLight", 200, 0.2),
            _rounded("Light", 300, 0.3), _rounded("Regular", 400, 0.5),
            _rounded("Medium", 500, 0.3), _rounded("SemiBold", 600, 0.2),
            _rounded("Bold", 700, 0.3), _rounded("ExtraBold", 800, 0.2),
        ),
    ),
    FaceSet(
        "kai-bold", "LXGW WenKai Bold, 52 MB",
        (
            Recipe(
                "wenkai-bold", "Ocrgen Wen Bold", _WENKAI,
                "usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Bold.ttf", "LXGW WenKai Bold",
                "kai", 700, 0.7,
            ),
        ),
    ),
    FaceSet(
        "screen", "faces for screens: LXGW WenKai Screen, and Unifont of 16 px, 25 MB",
        (
            Recipe(
                "wenkai-screen", "Ocrgen Wen Screen", _SCREEN,
                "package/files/lxgwwenkaiscreen-subset-*.woff2", "LXGW WenKai Screen", "kai", 500,
                0.7,
            ),
            Recipe(
                "wenkai-screen-gb", "Ocrgen Wen Screen GB", _SCREEN,
                "package/files/lxgwwenkaigbscreenr-subset-*.woff2", "LXGW WenKai GB Screen R",
                "kai", 400, 0.7,
            ),
            Recipe(
                "unifont", "Ocrgen Uni", _UNIFONT,
                "package/files/unifontex-latin-400-normal.woff2", "UnifontExMono", "display", 400,
                0.2,
            ),
        ),
    ),
    FaceSet(
        "title", "ZCOOL QingKe HuangYou and Ma Shan Zheng, for titles, 23 MB",
        (
            Recipe(
                "zcool-huangyou", "Ocrgen Huangyou", _HUANGYOU, slices("zcool-qingke-huangyou"),
                "ZCOOL QingKe HuangYou Regular", "display", 700, 0.3, without=_CENTRED,
            ),
            Recipe(
                "ma-shan-zheng", "Ocrgen Mashan", _MA_SHAN_ZHENG, slices("ma-shan-zheng"),
                "Ma Shan Zheng Regular", "brush", 500, 0.3, without=_CENTRED,
            ),
        ),
    ),
    FaceSet(
        "handwriting", "Long Cang and Zhi Mang Xing, running hands, 22 MB",
        (
            Recipe(
                "long-cang", "Ocrgen Longcang", _LONG_CANG, slices("long-cang"),
                "Long Cang Regular", "brush", 400, 0.3, without=_CENTRED,
            ),
            Recipe(
                "zhi-mang-xing", "Ocrgen Zhimang", _ZHI_MANG_XING, slices("zhi-mang-xing"),
                "Zhi Mang Xing Regular", "brush", 400, 0.2, without=_CENTRED,
            ),
        ),
    ),
)  # fmt: skip


def set_named(name: str) -> FaceSet:
    """A set by its name.

    Raises:
        FontError: naming those that there are.
    """
    for item in SETS:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in SETS)
    raise FontError(f"no set of faces is called {name!r}; there are: {known}")


def download(
    item: FaceSet,
    home: Path,
    alphabets: dict[str, set[int]],
    get: Callable[[Package, Path], Path],
    jobs: int,
) -> Path:
    """Build a set of faces; its folder.

    Args:
        item: which.
        home: the user's data home.
        alphabets: characters that faces keep besides GB2312, by name.
        get: downloads and unpacks a package into a folder.
        jobs: processes.

    Raises:
        FontError: if a package does not hold what it should.
    """
    from tempfile import TemporaryDirectory

    from fonts.build import build

    folder = (home / SETS_FOLDER) / item.name
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=(home / SETS_FOLDER)) as scratch:
        build(item.recipes, folder, Path(scratch), alphabets, jobs, get)
    return folder
