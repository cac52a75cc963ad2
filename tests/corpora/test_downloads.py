"""Downloads from end to end, against a real HTTP server that serves dumps made here."""

import base64
import bz2
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from click.testing import CliRunner

from corpora import CorpusError, names, open_corpus
from corpora import fetch as fetch_module
from corpora.cleaning import Seen, Tally, clean, is_prose
from corpora.downloads import DOWNLOADS, chosen, download
from corpora.fetch import fetch
from corpora.wikitext import plain_text
from datagen.cli import main

WIKINEWS = "dumps.wikimedia.org/zhwikinews/latest/zhwikinews-latest"
ARTICLE = """'''本站报道'''，[[北京市|北京]]今天[[天气]]晴朗<ref name="a">[http://x.cn 不要]</ref>。
== 背景 ==
{{信息框|标题=不要这一段文字出现在正文里面}}
* 這項計畫由-{zh-hans:软件;zh-hant:軟體}-公司負責，預計明年完成全部的工程。
{| class="wikitable"
| 表格里的文字也不要出现在正文里面 || 乙
|}
English only line that is long enough but no Chinese prose at all.
重复的一行文字只应该留下一次，不要两次。
重复的一行文字只应该留下一次，不要两次。
[[Category:新闻]]
"""


@dataclass
class Site:
    """What the server has and how it misbehaves."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers break off
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    ranges: bool = True

    def put(self, path: str, data: bytes) -> None:
        self.files["/" + path] = data


class Handler(BaseHTTPRequestHandler):
    """GET with ranges and If-Range; may cut its own connection."""

    site: Site

    def do_GET(self) -> None:
        site, byte_range = self.site, self.headers.get("Range")
        site.requests.append((self.path, byte_range))
        data = site.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.sha1(data).hexdigest()[:12]}"'
        start = 0
        if site.ranges and byte_range and self.headers.get("If-Range") == tag:
            start = int(byte_range.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = start + site.cuts.pop(0) if site.cuts and len(data) > 1000 else len(data)
        self.wfile.write(data[start:end])
        self.wfile.flush()
        if end < len(data):
            self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Puts a registry's client that prints some text on a path that holds no other."""
    folder = tmp_path / "clients"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, says: str, code: int = 0) -> None:
        stream = 2 if code else 1
        script = f"#!{sys.executable}\nimport os, sys\nos.write({stream}, {says.encode()!r})\n"
        (folder / name).write_text(f"{script}sys.exit({code} or len(os.listdir()))\n", "utf-8")
        (folder / name).chmod(0o755)

    return make


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    served = Site()
    handler = type("OwnHandler", (Handler,), {"site": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("OCRGEN_MIRROR", served.address)
    monkeypatch.setenv("OCRGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OCRGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch_module, "_PAUSE_S", 0.0)
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


class Bar:
    """A progress bar that only counts."""

    def __init__(self, log: list[tuple[int | None, int]], total: int | None, so_far: int) -> None:
        self.log, self.total, self.so_far = log, total, so_far

    def update(self, n: int) -> None:
        self.so_far += n

    def close(self) -> None:
        self.log.append((self.total, self.so_far))


def counting(log: list[tuple[int | None, int]]) -> Any:
    return lambda what, total, so_far: Bar(log, total, so_far)


def page(title: str, text: str, namespace: int = 0, redirect: str = "") -> str:
    moved = f'<redirect title="{redirect}" />' if redirect else ""
    return (
        f"<page><title>{title}</title><ns>{namespace}</ns><id>{abs(hash(title)) % 9999 + 1}</id>"
        f"{moved}<revision><id>1</id><timestamp>2026-01-01T00:00:00Z</timestamp>"
        f"<contributor><username>甲</username><id>2</id></contributor><model>wikitext</model>"
        f'<format>text/x-wiki</format><text bytes="9" xml:space="preserve">{escape(text)}</text>'
        "<sha1>x</sha1></revision></page>"
    )


def dump(*pages: str) -> bytes:
    head = (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="zh">'
        "<siteinfo><sitename>维基新闻</sitename><dbname>zhwikinews</dbname>"
        "<base>https://zh.wikinews.org</base><generator>MediaWiki</generator>"
        '<case>first-letter</case><namespaces><namespace key="0" case="first-letter" />'
        '<namespace key="1" case="first-letter">讨论</namespace></namespaces></siteinfo>'
    )
    return bz2.compress((head + "".join(pages) + "</mediawiki>").encode())


def filler(pages: int = 60) -> list[str]:
    """Articles that do not compress away, so that a connection can break in the middle."""
    out = []
    for k in range(pages):
        stream = hashlib.shake_256(str(k).encode()).digest(400)
        text = "".join(
            chr(0x4E00 + int.from_bytes(stream[i : i + 2]) % 5000) for i in range(0, 400, 2)
        )
        out.append(page(f"页{k}", text + "。"))
    return out


def serve_wikinews(site: Site, data: bytes, sha1: str | None = None) -> None:
    sums = f"{'0' * 40}  zhwikinews-20261101-pages-meta-current.xml.bz2\n"
    sums += (
        f"{sha1 or hashlib.sha1(data).hexdigest()}  zhwikinews-20261101-pages-articles.xml.bz2\n"
    )
    site.put(f"{WIKINEWS}-sha1sums.txt", sums.encode())
    site.put(f"{WIKINEWS}-pages-articles.xml.bz2", data)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    return int(result.return_value or result.exit_code), result.output


def test_news_grows_by_a_dump(site: Site) -> None:
    starter = sum(1 for _ in open_corpus("news").sentences())
    other = page("讨论", "讨论页面的文字不应该出现在语料里面。", namespace=1)
    moved = page("旧名", "#重定向 [[新名]]", redirect="新名")
    serve_wikinews(site, dump(page("新闻", ARTICLE), other, moved))
    code, output = run("corpus", "download", "news")
    assert code == 0, output
    assert "3 lines" in output and "1 as repeated" in output
    sentences = list(open_corpus("news").sentences())
    assert sentences[starter:] == [
        "本站报道，北京今天天气晴朗。",
        "这项计划由软件公司负责，预计明年完成全部的工程。",
        "重复的一行文字只应该留下一次，不要两次。",
    ]
    source = open_corpus("news").sources[-1]
    assert source.licence == "CC-BY-2.5 and CC-BY-4.0" and "fetched 20" in source.attribution
    assert "wikinews" in run("corpus", "list")[1]


def test_a_download_onto_a_full_disk_is_one_line(
    site: Site, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the file nor the text is left half; with room, the same command goes through."""
    serve_wikinews(site, dump(page("新闻", "这一条新闻要写到磁盘上去，可是没有地方了。")))
    filler = small_disk / "filler"
    for name in ("OCRGEN_CACHE", "OCRGEN_HOME"):
        filler.write_bytes(bytes(shutil.disk_usage(small_disk).free))
        with monkeypatch.context() as patch:
            patch.setenv(name, str(small_disk / "folder"))
            code, output = run("corpus", "download", "own", "--source", "wikinews", "--as-is")
            assert code == 1 and output.count("Error: the disk is full at ") == 1 and name in output
            assert "own" not in names()
            filler.unlink()
            command = ("corpus", "download", "own", "--source", "wikinews", "--as-is")
            assert run(*command)[0] == 0
            assert run("corpus", "remove", "own")[0] == 0
        shutil.rmtree(small_disk / "folder")


def test_a_second_download_replaces_the_first(site: Site) -> None:
    for text in ("第一版的文字应该被第二版替换掉。", "第二版的文字应该替换掉第一版。"):
        serve_wikinews(site, dump(page("新闻", text)))
        assert run("corpus", "download", "own", "--source", "wikinews", "--as-is")[0] == 0
        assert list(open_corpus("own").sentences()) == [text]


def test_a_broken_connection_goes_on_where_it_stopped(site: Site) -> None:
    data = dump(*filler())
    serve_wikinews(site, data)
    site.cuts = [len(data) // 3, len(data) // 3]
    log: list[tuple[int | None, int]] = []
    tally = download(chosen("news", ())[0], "news", counting(log), pause_s=0)
    assert tally.kept == 60
    ranges = [r for path, r in site.requests if path.endswith(".bz2")]
    third = len(data) // 3
    assert ranges == [None, f"bytes={third}-", f"bytes={2 * third}-"]
    whole = (len(data), len(data))
    assert log == [(len(data), third), (len(data), 2 * third), whole, whole]  # and its reading


def test_an_interrupted_download_goes_on_in_the_next_call(site: Site, tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    site.put("a.cn/file", data)
    site.cuts = [1000] + [0] * 5
    target = tmp_path / "file"
    with pytest.raises(CorpusError, match=r"broke after 1000 of 10240 bytes.*is kept: run"):
        fetch("https://a.cn/file", target, counting([]), pause_s=0)
    assert not target.exists()
    site.cuts = []
    site.requests.clear()
    fetch("https://a.cn/file", target, counting([]), pause_s=0)
    assert target.read_bytes() == data
    assert site.requests == [("/a.cn/file", "bytes=1000-")]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("file")] == ["file"]


def test_a_file_that_changed_meanwhile_starts_anew(site: Site, tmp_path: Path) -> None:
    site.put("a.cn/file", b"a" * 5000)
    site.cuts = [2000] + [0] * 5
    with pytest.raises(CorpusError):
        fetch("https://a.cn/file", tmp_path / "file", counting([]), pause_s=0)
    site.cuts = []
    site.put("a.cn/file", b"b" * 5000)
    fetch("https://a.cn/file", tmp_path / "file", counting([]), pause_s=0)
    assert (tmp_path / "file").read_bytes() == b"b" * 5000


def test_a_wrong_checksum_publishes_nothing(site: Site, tmp_path: Path) -> None:
    serve_wikinews(site, dump(page("新闻", ARTICLE)), sha1="ab" * 20)
    code, output = run("corpus", "download", "news")
    assert code == 1
    assert "not abababab" in output and "run the same command again" in output
    assert not list((tmp_path / "home").rglob("text.txt"))
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_checksums_match_by_the_part_after_the_date(site: Site) -> None:
    site.put(
        f"{WIKINEWS}-sha1sums.txt", b"12  zhwikinews-20261101-pages-articles-multistream.xml.bz2"
    )
    code, output = run("corpus", "download", "news")
    assert code == 1 and "names no pages-articles.xml.bz2" in output


@pytest.mark.parametrize("cut", [0.5, 0.98])
def test_a_truncated_dump_is_thrown_away(site: Site, tmp_path: Path, cut: float) -> None:
    whole = dump(*filler())
    serve_wikinews(site, whole[: int(len(whole) * cut)])
    code, output = run("corpus", "download", "news")
    assert code == 1
    assert "truncated" in output and "thrown away" in output
    assert not list((tmp_path / "cache").rglob("*.bz2"))
    assert not list((tmp_path / "home" / "corpora").rglob("*.txt"))
    serve_wikinews(site, whole)
    assert run("corpus", "download", "news")[0] == 0


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


POETRY = "github.com/chinese-poetry/chinese-poetry/archive/refs/heads/master.tar.gz"


Clients = Callable[..., None]


def test_poetry_is_read_from_its_archive(site: Site, clients: Clients) -> None:
    poem = [
        {
            "author": "李白",
            "paragraphs": ["牀前明月光，", "疑是地上霜。", "舉頭望明月，", "低頭思故鄉。"],
        }
    ]
    primer = {
        "title": "千字文",
        "content": [{"chapter": "一", "paragraphs": ["天地玄黃，宇宙洪荒。"]}],
    }
    files = {
        "chinese-poetry-master/json/poet.tang.0.json": poem,
        "chinese-poetry-master/蒙学/qianziwen.json": primer,
        "chinese-poetry-master/json/authors.tang.json": [
            {"content": "作者的介绍不应该读进语料里。"}
        ],
    }
    packed = {name: json.dumps(v, ensure_ascii=False).encode() for name, v in files.items()}
    site.put(POETRY, archive(**packed))
    code, output = run("corpus", "download", "old", "--source", "chinese-poetry")
    assert code == 0, output
    assert list(open_corpus("old").sentences()) == [
        "床前明月光，疑是地上霜。",
        "举头望明月，低头思故乡。",
        "天地玄黄，宇宙洪荒。",
    ]
    assert open_corpus("old").licence == "MIT"


def npm_says(packed: bytes) -> str:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    return json.dumps({"dist.tarball": "https://npm.cn/poetry.tgz", "dist.integrity": integrity})


def test_npm_says_where_the_poetry_lies(site: Site, clients: Clients) -> None:
    poem = [{"title": "长相思", "para": ["山一程，水一程，身向榆关那畔行"]}]
    packed = archive(**{"package/dist/n/poems.json": json.dumps(poem).encode()})
    site.put("npm.cn/poetry.tgz", packed)
    clients("npm", npm_says(packed))
    command = ("corpus", "download", "old", "--source", "chinese-poetry")
    assert run(*command)[0] == 0
    assert list(open_corpus("old").sentences()) == ["山一程，水一程，身向榆关那畔行"]
    assert open_corpus("old").sources[-1].url == "https://npm.cn/poetry.tgz"
    clients("npm", npm_says(packed + b"x"))
    assert "not " in run(*command)[1] and run(*command)[0] == 1
    clients("npm", json.dumps({"dist.tarball": "https://npm.cn/p", "dist.integrity": "sha512-?"}))
    assert "npm gives chinese-poetry@2.0.1 no checksum" in run(*command)[1]
    clients("npm", "npm error code E404\nnpm error no such package\n", 1)
    assert "npm view chinese-poetry@2.0.1 fails: npm error no such package" in run(*command)[1]


PAGE = """<html><head><title>题目</title></head><body><header>
<p>导航里的文字不应该读进语料里面。</p></header>
<div class="toc x">目录里的文字也不应该读进来。</div>
<h1>6.1. 完整的构建与打包的过程</h1><!-- 注释 --><p>
答案有点儿复杂。一个解决方法是问一位使用 <code>Debian</code>
的朋友。但这并不意味着您不能独立地作出
决定。</p><pre>$ apt-get install 中文的命令行也不要读进来</pre>
<ul><li>运行 <b>dpkg-buildpackage -us -uc</b> 完成<a href="x">构建</a>工作。<br/>下一行</li></ul>
</body></html>"""


def debian_package(ending: str = "xz", **files: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"./usr/share/doc/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0"), (f"data.tar.{ending}", data.getvalue())):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def test_manuals_come_from_debian_packages(site: Site, clients: Clients) -> None:
    english = PAGE.replace("答案", "第二页的答案")
    packed = debian_package(**{"g/build.zh-cn.html": PAGE, "g/build.de.html": english})
    site.put("deb.cn/pool/faq_1.deb", packed)
    found = "'http://deb.cn/pool/faq_1.deb' faq_1.deb 99 SHA256:"
    clients("apt-get", found + hashlib.sha256(packed).hexdigest() + "\n")
    command = ("corpus", "download", "technical", "--source", "debian-faq")
    assert run(*command)[0] == 0
    text = (Path(os.environ["OCRGEN_HOME"]) / "corpora/technical/debian-faq/text.txt").read_text()
    assert text.splitlines() == [
        "6.1. 完整的构建与打包的过程",
        "答案有点儿复杂。一个解决方法是问一位使用 Debian 的朋友。"
        "但这并不意味着您不能独立地作出决定。",
        "运行 dpkg-buildpackage -us -uc 完成构建工作。 下一行",
    ]
    clients("apt-get", "")
    assert "apt-get names no file of debian-faq-zh-cn: run apt-get update" in run(*command)[1]


def test_a_registry_s_address_spares_its_client(
    site: Site, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRGEN_DEBIAN", "http://mirror.cn/debian/")
    command = ("corpus", "download", "technical", "--source", "debian-faq")
    path = "/mirror.cn/debian/pool/main/d/debian-faq/debian-faq-zh-cn_11.1_all.deb"
    site.files[path] = debian_package()
    assert "has the sha256" in run(*command)[1]  # the one that comes with ocrgen differs
    monkeypatch.delenv("OCRGEN_DEBIAN")
    output = run(*command)[1]
    assert "through apt-get, which this machine lacks: set OCRGEN_DEBIAN to the" in output


def test_a_file_that_was_fetched_elsewhere(tmp_path: Path, site: Site) -> None:
    file = tmp_path / "faq.deb"
    file.write_bytes(debian_package(**{"g/zh-CN/build.html": PAGE}))
    command = ("corpus", "download", "own", "--source", "debian-faq", "--file", str(file))
    assert run(*command)[0] == 0 and file.exists() and not site.requests
    assert len(list(open_corpus("own").sentences())) == 4
    assert (
        "--file is one source's: add --source"
        in run("corpus", "download", "technical", "--file", str(file))[1]
    )
    for damaged, words in (
        (file.read_bytes()[:-200], "truncated"),
        (b"!<arch>\nnonsense", "truncated or holds no data.tar"),
        (b"PK\3\4", "faq.deb is no Debian package"),
        (debian_package("zst", a=PAGE), "faq.deb is packed with zstd, as Ubuntu's are: set OCRGEN"),
    ):
        file.write_bytes(damaged)
        code, output = run(*command)
        assert code == 1 and words in output and file.exists()


def test_without_a_network_it_says_what_to_do(
    site: Site, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRGEN_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr(fetch_module, "ATTEMPTS", 1)
    for source in ("wikinews", "chinese-poetry"):
        code, output = run("corpus", "download", "own", "--source", source)
        assert code == 1 and "the server does not answer; without a network, fetch" in output
        assert "--file" in output and "ocrgen corpus add NAME FILES" in output


def test_a_truncated_archive_is_thrown_away(site: Site, clients: Clients) -> None:
    noise = hashlib.shake_256(b"x").hexdigest(20_000).encode()
    whole = archive(**{"a/1.json": b'[{"paragraphs": ["' + noise + b'"]}]'})
    site.put(POETRY, whole[: len(whole) // 2])
    code, output = run("corpus", "download", "old", "--source", "chinese-poetry")
    assert code == 1 and "truncated" in output
    assert "old" not in run("corpus", "list")[1].split("to download")[0]


def test_mot_is_found_through_its_release(site: Site) -> None:
    document = {
        "title": "美国之音的一篇新闻报道",
        "paragraphs": ["这是报道的第一段，说明事情的经过。"],
    }
    packed = archive(**{"cmn/article/1.json": json.dumps(document, ensure_ascii=False).encode()})
    url = "https://github.com/bltlab/mot/releases/download/v1/cmn.tgz"
    digest = "sha256:" + hashlib.sha256(packed).hexdigest()
    assets = [
        {"name": "eng.tgz", "browser_download_url": f"{url}.eng"},
        {"name": "cmn.tgz", "browser_download_url": url, "digest": digest},
    ]
    site.put(
        "api.github.com/repos/bltlab/mot/releases/latest", json.dumps({"assets": assets}).encode()
    )
    site.put(url.removeprefix("https://"), packed)
    assert run("corpus", "download", "voa", "--source", "mot")[0] == 0
    assert list(open_corpus("voa").sentences()) == [document["title"], *document["paragraphs"]]


def test_leipzig_sentences(site: Site) -> None:
    rows = "1\t国内新闻的第一个句子就是这样写的。\n2\tshort\n".encode()
    packed = archive(**{"zho/zho-sentences.txt": rows, "zho/zho-words.txt": "1\t词语".encode()})
    site.put("downloads.wortschatz-leipzig.de/corpora/zho_news_2020_100K.tar.gz", packed)
    assert run("corpus", "download", "leipzig", "--source", "leipzig")[0] == 0
    assert list(open_corpus("leipzig").sentences()) == ["国内新闻的第一个句子就是这样写的。"]


def test_a_missing_file_and_unknown_names(site: Site) -> None:
    code, output = run("corpus", "download", "news")
    assert code == 1 and "cannot fetch https://dumps.wikimedia.org" in output and "404" in output
    assert "no source wikinoise" in run("corpus", "download", "news", "--source", "wikinoise")[1]
    assert "nothing is known to belong to 'own'" in run("corpus", "download", "own")[1]
    assert {d.corpus for d in DOWNLOADS} == {"news", "classical", "technical"}


def test_wikitext() -> None:
    assert plain_text("甲{{温度|30}}乙<ref>注</ref>丙") == "甲\ufffc乙丙"
    assert plain_text("-{zh-cn:网络; zh-tw:網路}-与-{里}--{H|zh-cn:不;zh-tw:要}-") == "网络与里"
    assert (
        plain_text("[[File:a.jpg|thumb|[[图]]说]]见[[:分类:某|某类]]和[[北京|京]]") == "见某类和京"
    )


def test_cleaning() -> None:
    assert is_prose("这是一个中文的句子。") and not is_prose("太短了。")
    assert not is_prose("abcdefghijklmn中文")
    tally = Tally()
    lines = list(clean(["故宫（英语：）位于北京的市中心。\u200b\n  \n"], None, tally))
    assert lines == ["故宫位于北京的市中心。"] and tally.kept == 1


def test_seen_survives_its_own_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpora.cleaning._AT_ONCE", 16)
    seen = Seen()
    assert all(seen.add(str(k)) for k in range(100))
    assert not any(seen.add(str(k)) for k in range(100))
