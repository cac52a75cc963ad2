"""The card of a dataset: a README.md beside its manifest, for whoever finds the folder later."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen.formats.manifest import LMDB
from ocrbase.publishing import publish_text

FILE = "README.md"


def write_card(folder: Path, manifest: Mapping[str, Any], name: str | None = None) -> None:
    """Write what a manifest says in words: how it was made, counts, faces and text with licences.

    Args:
        folder: where the card goes.
        manifest: of the dataset.
        name: of the dataset; the folder's by default.

    Raises:
        ShardError: if the disk is full or may not be written.
    """
    publish_text(folder / FILE, card_text(name or folder.name, manifest))


def card_text(name: str, manifest: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    parts = [f"# {name}: {_what(manifest)}", _made(manifest), _counts(manifest)]
    parts += [_layout(manifest), _split(manifest), _sources(manifest), _faces(manifest)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(manifest: Mapping[str, Any]) -> str:
    kind = "packed as LMDB" if manifest["format"] == LMDB else "as WebDataset tar shards"
    return f"Chinese text lines {kind}"


def _made(manifest: Mapping[str, Any]) -> str:
    lines = ["## How it was made"]
    if manifest.get("command"):
        lines.append(f"\n    {manifest['command']}\n")
    lines += [f"- from `{item['path']}`: {item['n']} lines" for item in manifest.get("inputs", ())]
    commands = [item["command"] for item in manifest.get("inputs", ()) if item.get("command")]
    lines += [f"- which was made by `{command}`" for command in commands]
    versions = manifest.get("libraries", {})
    if versions:
        lines.append("- with " + ", ".join(f"{name} {v}" for name, v in versions.items()))
    if manifest.get("cpu"):
        lines.append(f"- on {manifest['cpu']}")
    return "\n".join(lines)


def _counts(manifest: Mapping[str, Any]) -> str:
    alphabet = manifest["alphabet"]
    lines = ["## What it holds", ""]
    if manifest["format"] == LMDB:
        lines += [f"- {split}: {count} lines" for split, count in manifest["samples"].items()]
        used = _classes_used(manifest["class_histogram"])
        lines.append(f"- classes that occur: {used}")
    else:
        lines.append(f"- {manifest['n']} lines in shards of {manifest['shard_size']}")
    lines.append(
        f"- alphabet: {len(alphabet['characters']) + 1} classes, the CTC blank is class"
        f" {alphabet['blank']}; listed in order in manifest.json"
    )
    return "\n".join(lines)


def _classes_used(histograms: Mapping[str, list[int]]) -> str:
    return ", ".join(
        f"{sum(count > 0 for count in histogram)} in {split}"
        for split, histogram in histograms.items()
    )


def _layout(manifest: Mapping[str, Any]) -> str:
    if manifest["format"] == LMDB:
        return (
            "## How to read it\n\nEach folder below train/ and val/ is one LMDB with the keys"
            " `num-samples`, `image-000000001`, `label-000000001`, `wh-000000001` (one-based) that"
            " deep-text-recognition-benchmark, parseq, OpenOCR, PaddleOCR and others read. parseq"
            " needs `data.normalize_unicode=false`, or it strips all Chinese."
        )
    return (
        "## How to read it\n\nEach tar holds KEY.jpg and KEY.txt (WebDataset). The .npz beside it"
        " is a table of the same samples (numpy.load): sentence, face, effect strengths, character"
        " centres, and where in the tar each image lies."
    )


def _split(manifest: Mapping[str, Any]) -> str:
    split = manifest.get("split")
    if not split:
        return ""
    lines = ["## Split", "", f"- by {split['by']}, {split['ratio']:g} for training"]
    lines.append(f"- seed {split['seed']}, threshold {split['threshold']}")
    if split["kept_in_train"]:
        lines.append(
            f"- {len(split['kept_in_train'])} sentences stay in training, or a class would lose"
            " over half of its lines"
        )
    if split["val_faces"]:
        lines.append(f"- faces of validation: {', '.join(split['val_faces'])}")
    return "\n".join(lines)


def _sources(manifest: Mapping[str, Any]) -> str:
    rows = [
        f"| {_cell(s.get('name'))} | {_cell(s.get('licence'))} | {_cell(s.get('attribution'))} |"
        for s in manifest.get("sources", ())
    ]
    if not rows:
        return ""
    return "\n".join(["## Text", "", "| source | licence | attribution |", "|---|---|---|", *rows])


def _faces(manifest: Mapping[str, Any]) -> str:
    licences = manifest.get("face_licences", {})
    rows = [f"| {_cell(f)} | {_cell(licences.get(f))} |" for f in manifest.get("faces", ())]
    if not rows:
        return ""
    return "\n".join(["## Faces", "", "| face | licence |", "|---|---|", *rows])


def _cell(value: object) -> str:
    return str(value or "not known").replace("|", "\\|").replace("\n", " ")
