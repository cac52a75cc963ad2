"""What the names of samples and shards have room for."""

MAX_LINES = 10**9  # of a render or packed data: sample indices have nine digits
MAX_SHARDS = 10**5  # of a render: their names have five digits
