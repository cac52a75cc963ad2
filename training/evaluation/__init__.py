"""How well a model reads: metrics, breakdowns, reports."""
