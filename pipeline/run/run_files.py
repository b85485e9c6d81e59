"""The names of the files and folders of a run."""

from pipeline.run.fingerprint import VERSION
from transforms.records.plan_file import DATASET
from transforms.storage import Place

MANIFEST, REJECTED = "manifest.json", "rejected.jsonl"
CARD, CROISSANT = "README.md", "croissant.json"
REPORT = "report.html"  # which threedface report adds
RUN = "run.json"  # describes the last run only

TOO_MANY_MANIFEST = "manifest.too_many_rejected.json"  # of such a conversion in an object store

UNFINISHED = ".unfinished"  # suffix of the folder of an unfinished run
PLAN = "plan.jsonl"  # in that folder


def dataset_folder(output: Place, config: str) -> Place:
    """The folder of the shards of a configuration below an --output folder."""
    return output / DATASET / config / VERSION
