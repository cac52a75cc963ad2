"""What a dataset holds, counted: what `ocrgen stats` shows."""
