"""`ocrgen studio`: a local page to look at styles, data, readings and runs."""
