"""What the HTML reports share: the page around them and their plots."""
