"""Finds finished conversions and reads what stands beside their shards."""

import json
from pathlib import Path
from typing import Any

from pipeline.metadata import MANIFEST, REJECTED, RUN, UNFINISHED
from pipeline.stage_view import StageView
from transforms.errors import UserError
from transforms.plan_file import DATASET
from transforms.reject import Reject


def find_conversions(folder: Path) -> list[Path]:
    """The conversions in a folder: itself, or those of each configuration below an --output folder.

    Raises:
        UserError: there is none.
    """
    if (folder / MANIFEST).is_file():
        return [folder]
    manifests = folder.glob(f"{DATASET}/*/*/{MANIFEST}")
    found = sorted(path.parent for path in manifests if not path.parent.name.endswith(UNFINISHED))
    if not found:
        raise UserError(
            f"{folder}: no finished conversion ({DATASET}/<config>/<version>/{MANIFEST}); "
            "name the --output folder of threedface convert"
        )
    return found


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a conversion.

    Raises:
        UserError: it is missing or no longer whole.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{folder / MANIFEST}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise UserError(f"{folder / MANIFEST}: damaged ({error}); convert again") from None
    return manifest


def read_rejects(folder: Path) -> list[Reject]:
    """The rejected samples of a conversion."""
    lines = (folder / REJECTED).read_text(encoding="utf-8").splitlines()
    return [Reject(**json.loads(line)) for line in lines]


def read_last_stages(folder: Path) -> StageView | None:
    """What the stages of the last run did; None where that is not known."""
    try:
        stages = json.loads((folder / RUN).read_text(encoding="utf-8"))["stages"]
        return StageView.from_json(stages) if stages else None
    except (OSError, ValueError, KeyError, TypeError):  # not copied along, damaged, or of another version
        return None
