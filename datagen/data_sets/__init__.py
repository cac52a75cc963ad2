"""Data sets as training reads them: opened, split where they lie, numbered, decoded in batches."""
