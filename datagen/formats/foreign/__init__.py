"""The forms in which others keep line images with labels: each has one class that reads and writes.

A form is looked up by name in `FORMS`. Reading gives rows in the order of the source, writing
takes batches of samples; image bytes pass through unchanged.
"""

from datagen.formats.foreign.archives import LayoutLmdb, WebDatasetTar
from datagen.formats.foreign.index_labels import IndexLabels
from datagen.formats.foreign.pairs import DoctrJson, KrakenPairs
from datagen.formats.foreign.path_lists import DtrbGroundTruth, PaddleList
from datagen.formats.foreign.rows import Form
from datagen.formats.foreign.tables import CsvTable, TsvTable

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        IndexLabels(),
        DtrbGroundTruth(),
        PaddleList(),
        DoctrJson(),
        KrakenPairs(),
        CsvTable(),
        TsvTable(),
        LayoutLmdb(),
        WebDatasetTar(),
    )
}
