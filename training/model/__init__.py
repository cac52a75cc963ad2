"""The networks, their files, and how a line becomes their input."""
