"""The bytes on disk: for each form one module that owns its keys, versions, writer and reader."""
