"""Set the pages that tests read: two columns by a browser, a letter by an office program.

    python tests/training/pages/make.py

needs chromium, libreoffice-writer-nogui and fonts-wqy-zenhei of Debian 12. The pages are committed,
so nobody needs to run this; other versions of the programs change a few pixels.
"""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

FOLDER = Path(__file__).with_name("documents")
FACE = "WenQuanYi Zen Hei"

TITLE = "湿地公园与今年的苹果"
PARAGRAPHS = (
    "城市南部的湿地公园昨天重新开放，园内新修了三公里木栈道。市民可以沿着栈道走到湖心的观鸟亭，远处的"
    "芦苇正在抽穗。管理处说，全年免费，但每天限流六千人，周末需要提前一天在网上预约。",
    "县里的苹果今年收得早，第一批已经装车发往外地。果农老周说，去年这个时候还在疏果，今年雨水足，糖分却"
    "没有降下来。合作社把分拣线从两条增加到五条，每小时可以处理四吨。",
    "包装上印着图案，扫一扫就能看到果园的照片、施肥记录和检测报告。附近的公交线路也作了调整，末班车推迟"
    "到晚上十点。",
    "夜里有风，气象台提醒沿湖的摊主收好遮阳伞。明天上午转晴，最高气温二十三度，适合带孩子出门走走。",
)


def html(columns: int) -> str:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return (
        f"<!doctype html><meta charset='utf-8'><style>body{{margin:50px;font-family:'{FACE}'}}"
        "h1{font-size:34px;text-align:center}"
        f".text{{column-count:{columns};column-gap:56px;font-size:21px;line-height:1.8}}</style>"
        f"<h1>{TITLE}</h1><div class='text'>{body}</div>"
    )


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "text.txt").write_text("\n".join((TITLE, *PARAGRAPHS)) + "\n", encoding="utf-8")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(html(columns=2), encoding="utf-8")
        run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,640",
            "--screenshot=page.png", "page.html", cwd=folder)  # fmt: skip
        gray = cv2.imread(str(folder / "page.png"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(FOLDER / "two_columns.png"), gray)
        (folder / "letter.html").write_text(html(columns=1), encoding="utf-8")
        run("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--infilter=HTML (StarWriter)", "--convert-to", "pdf:writer_pdf_Export", "letter.html",
            cwd=folder)  # fmt: skip
        (FOLDER / "letter.pdf").write_bytes((folder / "letter.pdf").read_bytes())


if __name__ == "__main__":
    main()
