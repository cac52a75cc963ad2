"""Counter-based random draws: a number is a pure function of (seed, stream, index, position).

There is no generator to carry, so any batch of indices is drawn in one vectorised pass and the
result depends neither on the batch nor on what was drawn before. The mixing function is the
finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators").
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

UintArray = NDArray[np.uint64]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(x: UintArray) -> UintArray:
    """Scramble 64-bit words so that neighbouring inputs give unrelated outputs."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def key(seed: int, stream: str) -> np.uint64:
    """The 64-bit key of a named stream under a seed."""
    digest = hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def bits(seed: int, stream: str, indices: IntArray, count: int) -> UintArray:
    """Random 64-bit words.

    Args:
        seed: any integer.
        stream: the name of what is drawn; streams are independent of one another.
        indices: sample indices, (B,), each at least 0.
        count: words for each index.

    Returns:
        (B, count).
    """
    state = mix(indices.astype(np.uint64) * _GOLDEN ^ key(seed, stream))  # (B,)
    steps = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN  # (count,)
    return mix(state[:, None] + steps[None, :])  # (B, count)


def uniforms(seed: int, stream: str, indices: IntArray, count: int) -> FloatArray:
    """Uniform draws in [0, 1) with 53 random bits, (B, count)."""
    words = bits(seed, stream, indices, count)
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(limit: int, words: UintArray) -> IntArray:
    """Map random words to integers in [0, limit); the bias is under limit / 2**53."""
    fractions = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (fractions * limit).astype(np.int64)
