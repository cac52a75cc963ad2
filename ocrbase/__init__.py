"""The ground floor that every package may import: errors, settings, homes, publishing."""
