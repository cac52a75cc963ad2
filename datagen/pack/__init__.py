"""Datasets → split → LMDB shards: what `ocrgen pack` does."""
