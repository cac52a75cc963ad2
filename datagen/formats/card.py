"""The card of a dataset: a README.md beside its manifest, for whoever finds the folder later."""

from collections.abc import Mapping
from pathlib import Path

from datagen.formats.manifest import Manifest, PackedManifest, RenderManifest
from datagen.formats.styles import styles_of
from datagen.split import Split
from ocrbase.publishing import publish_bytes

FILE = "README.md"


def write_card(folder: Path, manifest: Manifest, name: str | None = None) -> None:
    """Write what a manifest says in words: how it was made, counts, faces and text with licences.

    Args:
        folder: where the card goes.
        manifest: of the dataset.
        name: of the dataset; the folder's by default.

    Raises:
        DiskError: if the disk is full or may not be written.
    """
    text = card_text(name or folder.name, manifest)
    publish_bytes(folder / FILE, text.encode("utf-8", "replace"))


def card_text(name: str, manifest: Manifest) -> str:
    """The card as Markdown."""
    packed = manifest if isinstance(manifest, PackedManifest) else None
    parts = [
        f"# {name}: Chinese text lines {_form(manifest)}",
        _made(manifest),
        "\n".join(["## What it holds", "", *_counts(manifest), _alphabet(manifest)]),
        f"## How to read it\n\n{_PACKED_LAYOUT if packed else _RENDER_LAYOUT}",
        _split(packed) if packed else "",
        _sources(manifest),
        _faces(manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_PACKED_LAYOUT = (
    "Each folder below train/ and val/ is one LMDB with the keys"
    " `num-samples`, `image-000000001`, `label-000000001`, `wh-000000001` (one-based) that"
    " deep-text-recognition-benchmark, parseq, OpenOCR, PaddleOCR and others read. parseq"
    " needs `data.normalize_unicode=false`, or it strips all Chinese."
)
_RENDER_LAYOUT = (
    "Each tar holds KEY.jpg and KEY.txt (WebDataset). The .npz beside it"
    " is a table of the same samples (numpy.load): sentence, face, effect strengths, character"
    " centres, and where in the tar each image lies."
)


def _form(manifest: Manifest) -> str:
    packed = isinstance(manifest, PackedManifest)
    return "packed as LMDB" if packed else "as WebDataset tar shards"


def _made(manifest: Manifest) -> str:
    lines = ["## How it was made"]
    if manifest.command:
        lines.append(f"\n    {manifest.command}\n")
    inputs = manifest.inputs if isinstance(manifest, PackedManifest) else []
    lines += [f"- from `{item.path}`: {item.n} lines" for item in inputs]
    lines += [f"- which was made by `{item.command}`" for item in inputs if item.command]
    lines += [f"- style: {style}" for style in styles_of(manifest)]
    if manifest.libraries:
        versions = (f"{name} {version}" for name, version in manifest.libraries.items())
        lines.append("- with " + ", ".join(versions))
    if manifest.cpu:
        lines.append(f"- on {manifest.cpu}")
    return "\n".join(lines)


def _counts(manifest: Manifest) -> list[str]:
    if isinstance(manifest, RenderManifest):
        return [f"- {manifest.n} lines in shards of {manifest.shard_size}"]
    if not isinstance(manifest, PackedManifest):
        return []
    lines = [f"- {split}: {count} lines" for split, count in manifest.samples.items()]
    return [*lines, f"- classes that occur: {_classes_used(manifest.class_histogram)}"]


def _classes_used(histograms: Mapping[Split, list[int]]) -> str:
    return ", ".join(
        f"{sum(count > 0 for count in histogram)} in {split}"
        for split, histogram in histograms.items()
    )


def _alphabet(manifest: Manifest) -> str:
    alphabet = manifest.alphabet
    return (
        f"- alphabet: {len(alphabet.characters) + 1} classes, the CTC blank is class"
        f" {alphabet.blank}; listed in order in manifest.json"
    )


def _split(manifest: PackedManifest) -> str:
    split = manifest.split
    lines = ["## Split", "", f"- by {split.by}, {split.ratio:g} for training"]
    lines.append(f"- seed {split.seed}, threshold {split.threshold}")
    if split.kept_in_train:
        lines.append(
            f"- {len(split.kept_in_train)} sentences stay in training, or a class would lose"
            " over half of its lines"
        )
    if split.val_faces:
        lines.append(f"- faces of validation: {', '.join(split.val_faces)}")
    return "\n".join(lines)


def _sources(manifest: Manifest) -> str:
    rows = [
        f"| {_cell(s.name)} | {_cell(s.licence)} | {_cell(s.attribution)} |"
        for s in manifest.sources
    ]
    if not rows:
        return ""
    return "\n".join(["## Text", "", "| source | licence | attribution |", "|---|---|---|", *rows])


def _faces(manifest: Manifest) -> str:
    licences = manifest.face_licences
    rows = [f"| {_cell(face)} | {_cell(licences.get(face))} |" for face in manifest.faces]
    if not rows:
        return ""
    return "\n".join(["## Faces", "", "| face | licence |", "|---|---|", *rows])


def _cell(value: str | None) -> str:
    return (value or "not known").replace("|", "\\|").replace("\n", " ")
