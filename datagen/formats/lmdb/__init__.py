"""LMDB shards in the layout that text recognition trainers share."""
