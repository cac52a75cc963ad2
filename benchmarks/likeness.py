"""How well measures of line images find the settings that rendered lines were drawn with.

Each setting is varied alone in a preset, and all at once: rank correlation, share of lines that
give the measure, bias where measure and setting have one unit, and the error of a setting read off
the measure by a straight line, in the setting's unit.

    python benchmarks/likeness.py
    python benchmarks/likeness.py --presets scan photo --lines 400
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.lines import machine
from datagen.drawing.style import Style, load_style, with_value
from datagen.likeness.drawn import DrawnLines, draw_lines
from datagen.likeness.recovery import ALL, MeasuredSetting, Recovery, recovery, spread_all
from datagen.text.plan_settings import PlanSettings

SAME_UNIT = ("height_px", "ground", "ink", "blur_px", "noise", "slope_deg", "jpeg")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--presets", nargs="+", default=["scan", "photo", "document"])
    options.add_argument("--lines", type=int, default=200)
    options.add_argument("--corpus", default="news")
    given = options.parse_args()
    plan = PlanSettings(corpora=(given.corpus,))
    print(machine())
    print("preset\tvaried\tmeasure\tlines\tfound\trank\tslope\tbias\terror")
    for preset in given.presets:
        style = fitting(load_style(preset))
        for setting in ALL:
            drawn = draw_lines(setting.spread_in(style), plan, given.lines, jpeg=of_jpeg(setting))
            show(preset, "alone", setting, found_by(setting, drawn))
        drawn = draw_lines(spread_all(style), plan, given.lines, jpeg=True)
        for setting in ALL:
            show(preset, "all", setting, found_by(setting, drawn))


def fitting(style: Style) -> Style:
    """The style in frames that follow from the text, which the free width is of."""
    return with_value(with_value(style, "frame.fit_width", True), "frame.width_px", (32, 1280))


def of_jpeg(setting: MeasuredSetting) -> bool:
    """Whether a setting needs JPEG qualities, which take long to find."""
    return setting.measure == "jpeg"


def found_by(setting: MeasuredSetting, drawn: DrawnLines) -> Recovery:
    """What the measure of a setting says of it."""
    return recovery(setting.strength(drawn.looks), getattr(drawn.measures, setting.measure))


def show(preset: str, varied: str, setting: MeasuredSetting, found: Recovery) -> None:
    """Print one row."""
    bias = f"{found.bias:+.2f}" if setting.measure in SAME_UNIT else ""
    print(
        f"{preset}\t{varied}\t{setting.measure}\t{found.lines}\t{found.found:.0%}"
        f"\t{found.rank_correlation:+.2f}\t{found.slope:.3g}\t{bias}\t{found.error:.3g}"
    )


if __name__ == "__main__":
    main()
