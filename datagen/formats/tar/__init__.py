"""Tar shards in the WebDataset form, with a sidecar table beside each."""
