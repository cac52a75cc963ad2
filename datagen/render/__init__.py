"""Plan + engine → shards: what `ocrgen render` does, its settings, estimates and previews."""
