"""HTML and SVG elements from Python values: what is not marked as HTML already gets escaped."""

from html import escape

_VOID = frozenset(("img", "br", "meta", "line", "rect", "circle", "polyline"))


class Html(str):
    """Text that is HTML already; every other string is escaped where it becomes part of a page."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str | float) -> Html:
    """One element: `tag("td", text, class_="soft")` is `<td class="soft">text</td>`.

    Args:
        name: of the element.
        content: put together; a string is escaped unless it is Html.
        attributes: always escaped; numbers to one decimal, empty ones left out but for `alt`. A
            trailing underscore is dropped, others become hyphens.
    """
    pairs = (
        f' {_attribute(key)}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value != "" or key == "alt"
    )
    start = f"<{name}{''.join(pairs)}"
    if name in _VOID:
        return Html(f"{start}/>")
    return Html(f"{start}>{join(*content)}</{name}>")


def join(*content: str) -> Html:
    """Content in a row; a string is escaped unless it is Html."""
    return Html("".join(c if isinstance(c, Html) else escape(c) for c in content))


def _attribute(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
