"""Foreign forms → shards, and datasets → foreign forms: `ocrgen import` and `ocrgen export`."""
