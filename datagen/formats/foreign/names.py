"""Names of the forms, for the command line, which must not load their readers."""

FORM_NAMES = ("index", "dtrb", "paddle", "doctr", "kraken", "csv", "tsv", "lmdb", "webdataset")
