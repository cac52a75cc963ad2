"""From named texts to what stands on each line."""
