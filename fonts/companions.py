"""The Latin faces that lines set their letters and digits in, beside a Chinese face.

A few kilobytes each: printable ASCII and the Latin marks of the alphabets.
"""

from fonts.recipes import Package, Recipe, fontsource


def _web(
    name: str,
    family: str,
    package: Package,
    cut: str,
    full_name: str,
    style: str,
    weight: int = 400,
) -> Recipe:
    """A face of a web font package; `cut` is the weight and posture in the file's name."""
    slug = package.name.rpartition("/")[2]
    member = f"package/files/{slug}-latin-{cut}.woff2"
    return _companion(name, family, package, member, full_name, style, weight)


def _companion(
    name: str, family: str, package: Package, member: str, full_name: str, style: str, weight: int
) -> Recipe:
    return Recipe(
        f"latin-{name}", f"Ocrgen {family}", package, member, full_name, f"latin-{style}",
        weight, 1.0,
    )  # fmt: skip


_TINOS, _ARIMO = fontsource("tinos", "5.3.0"), fontsource("arimo", "5.3.0")
_STIX = fontsource("stix-two-text", "5.3.0")
_NOTO = fontsource("noto-serif", "5.3.0")
_SOURCE = fontsource("source-serif-4", "5.3.1")
_GARAMOND = fontsource("eb-garamond", "5.3.0")
_ROBOTO, _INTER = fontsource("roboto", "5.3.0"), fontsource("inter", "5.3.0")
_OPEN, _CARLITO = fontsource("open-sans", "5.3.0"), fontsource("carlito", "5.3.0")
_DEJAVU = fontsource("dejavu-sans", "5.3.0", "Bitstream-Vera")
_DEJAVU_MONO = fontsource("dejavu-mono", "5.3.0", "Bitstream-Vera")
_COUSINE, _COURIER = fontsource("cousine", "5.3.0"), fontsource("courier-prime", "5.3.0")
_CODE, _JETBRAINS = fontsource("source-code-pro", "5.3.0"), fontsource("jetbrains-mono", "5.3.0")

COMPANIONS = (
    _web("tinos", "Tin", _TINOS, "400-normal", "Tinos Regular", "serif"),
    _web("tinos-bold", "Tin Bold", _TINOS, "700-normal", "Tinos Bold", "serif", 700),
    _web("stix", "Six", _STIX, "400-normal", "STIX Two Text Regular", "serif"),
    _web("noto-serif", "Not Serif", _NOTO, "400-normal", "Noto Serif Regular", "serif"),
    _web("source-serif", "Serif Four", _SOURCE, "400-normal", "Source Serif 4 Regular", "serif"),
    _web("garamond", "Garam", _GARAMOND, "400-normal", "EB Garamond Regular", "serif"),
    _web("tinos-italic", "Tin Italic", _TINOS, "400-italic", "Tinos Italic", "italic"),
    _web("stix-italic", "Six Italic", _STIX, "400-italic", "STIX Two Text Italic", "italic"),
    _web("arimo-italic", "Ari Italic", _ARIMO, "400-italic", "Arimo Italic", "italic"),
    _web("arimo", "Ari", _ARIMO, "400-normal", "Arimo Regular", "sans"),
    _web("arimo-bold", "Ari Bold", _ARIMO, "700-normal", "Arimo Bold", "sans", 700),
    _web("roboto", "Robo", _ROBOTO, "400-normal", "Roboto Regular", "sans"),
    _web("inter", "Inte", _INTER, "400-normal", "Inter Regular", "sans"),
    _web("open-sans", "Ope", _OPEN, "400-normal", "Open Sans Regular", "sans"),
    _web("carlito", "Carl", _CARLITO, "400-normal", "Carlito Regular", "sans"),
    _web("dejavu-sans", "Deja", _DEJAVU, "400-normal", "DejaVu Sans", "sans"),
    _web("cousine", "Cous", _COUSINE, "400-normal", "Cousine Regular", "mono"),
    _web("dejavu-mono", "Deja Mono", _DEJAVU_MONO, "400-normal", "DejaVu Sans Mono", "mono"),
    _web("source-code", "Code", _CODE, "400-normal", "Source Code Pro ExtraLight Regular", "mono"),
    _web(
        "jetbrains-mono", "Jet Mono", _JETBRAINS, "400-normal", "JetBrains Mono Regular", "mono"
    ),
    _web("courier-prime", "Cour", _COURIER, "400-normal", "Courier Prime Regular", "mono"),
)  # fmt: skip
