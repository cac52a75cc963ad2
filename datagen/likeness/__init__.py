"""How alike real and rendered lines are: measures of single lines, and styles fitted to them."""

DRAWN_LINES = 160  # per round of a fit
