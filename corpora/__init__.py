"""What to write: named texts, their licences and downloads; knows no image and no alphabet."""

from corpora.corpus import Corpus, Source, names, open_corpus, parse_mix
from corpora.errors import CorpusError

__all__ = ["Corpus", "CorpusError", "Source", "names", "open_corpus", "parse_mix"]
