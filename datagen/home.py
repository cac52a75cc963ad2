"""Where a user's own texts and faces live, and where what can be rebuilt is cached."""

from corpora.home import cache_home, data_home, writing_to

__all__ = ["cache_home", "data_home", "writing_to"]
