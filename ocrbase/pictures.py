"""Pictures that commands write for people to look at."""

from pathlib import Path
from typing import TYPE_CHECKING

from ocrbase.outputs import MARK
from ocrbase.publishing import OTHER_FOLDER, publish_file

if TYPE_CHECKING:
    from PIL.Image import Image


def publish_picture(picture: "Image", out: Path, way_out: str = OTHER_FOLDER) -> None:
    """Write a picture that carries MARK, so that `ocrbase.outputs` knows it again.

    Args:
        picture: what to write.
        out: a JPEG where the name ends so, else a PNG; `check_output` knows PICTURES.
        way_out: what a message on a full disk advises.

    Raises:
        DiskError: if there is no room, or the place cannot be written; ends in `way_out`.
    """
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text("Software", MARK)
    with publish_file(out, way_out) as attempt:
        if out.suffix.lower() in (".jpg", ".jpeg"):
            picture.save(attempt, "JPEG", quality=95, comment=MARK)
        else:
            picture.save(attempt, "PNG", pnginfo=about)
