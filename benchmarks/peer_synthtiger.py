"""Lines per second of CPU time that SynthTIGER draws, run by a Python that has it.

`benchmarks/render.py --synthtiger PYTHON` calls this with one JSON object on standard input: texts
and font files. SynthTIGER 1.2 needs NumPy below 2 and Pillow below 10, hence a Python of its own:
`python3 -m venv st && st/bin/pip install synthtiger 'numpy<2' 'pillow<10'`.
"""

import io
import json
import sys
import time

import numpy as np
from PIL import Image
from synthtiger import components, layers


def main() -> None:
    """Draw what standard input asks for and print the rate."""
    asked = json.load(sys.stdin)
    texts, fonts = asked["texts"], asked["fonts"]
    effects = [
        components.Perspective(percents=((0.9, 1.0),) * 4),
        components.Skew(angle=(-1, 1)),
        components.GaussianBlur(sigma=(0.3, 1.0)),
        components.AdditiveGaussianNoise(scale=(1, 6)),
    ]
    draw(texts[0], fonts[0], effects)  # imports and caches
    started = time.process_time()
    for i, text in enumerate(texts):
        draw(text, fonts[i % len(fonts)], effects)
    print(len(texts) / (time.process_time() - started))


def draw(text: str, font: str, effects: list[components.Component]) -> bytes:
    """One line of 280×32 as JPEG bytes."""
    ground = layers.RectLayer((280, 32), (200, 200, 200, 255))
    line = layers.TextLayer(text, font, size=24, color=(40, 40, 40, 255))
    line.center = ground.center
    for effect in effects:
        effect.apply([line])
    merged = (line + ground).merge()
    pixels = merged.output(bbox=ground.bbox).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert("L").save(out, "JPEG", quality=82)
    return out.getvalue()


if __name__ == "__main__":
    main()
