"""Random numbers of single pixels, for compiled loops."""

import numpy as np

from ocrbase.compiled import compiled

BELL_DEVIATION = 147.8  # standard deviation of `bell`


@compiled
def scramble(x):
    """Scramble a 32-bit counter (the finaliser of MurmurHash3, Appleby 2011)."""
    x = np.uint32(x)
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x ^= x >> np.uint32(13)
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))


@compiled
def bell(counter):
    """A nearly normal number of mean 0: the sum of the four random bytes of a counter, less 510."""
    h = scramble(counter)
    four = (
        (h & np.uint32(255))
        + ((h >> np.uint32(8)) & np.uint32(255))
        + ((h >> np.uint32(16)) & np.uint32(255))
        + (h >> np.uint32(24))
    )
    return np.float32(np.int32(four)) - np.float32(510.0)
