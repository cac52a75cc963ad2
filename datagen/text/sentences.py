"""What stands for a sentence in every dataset: train and validation are told apart by it."""

import hashlib


def sentence_hash(text: str) -> int:
    """64 bits that stand for a normalised sentence."""
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
