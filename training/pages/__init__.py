"""From whole pages to text: lines found by an existing detector, read by our model, in order."""
