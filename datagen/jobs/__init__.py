"""The jobs behind the commands: they see settings objects, and all below take plain parameters."""
