"""Text to labelled line images, shards and LMDB: the `ocrgen` command."""
