"""What to write: named texts, their licences and downloads; knows no image and no alphabet."""

from corpora.catalogue import names, open_corpus
from corpora.corpus import Corpus, TextSource
from corpora.errors import CorpusError
from corpora.mixes import parse_mix

__all__ = ["Corpus", "CorpusError", "TextSource", "names", "open_corpus", "parse_mix"]
