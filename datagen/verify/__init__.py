"""Datasets read back from the disk: what `ocrgen verify` checks."""
