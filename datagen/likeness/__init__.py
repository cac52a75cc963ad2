"""How alike real and rendered lines are: measures of single lines, and styles fitted to them."""
