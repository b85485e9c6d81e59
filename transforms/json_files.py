"""Small JSON files that are there whole or not at all."""

import json
import os
import uuid
from pathlib import Path
from typing import Any

from transforms.errors import named_errors


def write_json(path: Path, value: Any) -> None:
    """Writes a value under a passing name on the same file system, then gives the file its own."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with named_errors(unfinished), unfinished.open("w", encoding="utf-8") as file:
        json.dump(value, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def read_json(path: Path) -> Any:
    """Reads a value."""
    return json.loads(path.read_text(encoding="utf-8"))
