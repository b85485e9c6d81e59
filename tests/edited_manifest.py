"""Changes a manifest as its writer could: with a new digest."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transforms.storage.json_files import seal


@contextmanager
def edited_manifest(folder: Path) -> Iterator[dict[str, Any]]:
    """The manifest of a conversion, to be changed."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    del manifest["digest"]
    yield manifest
    (folder / "manifest.json").write_bytes(seal(manifest))
