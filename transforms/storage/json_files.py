"""Small JSON files that are there whole or not at all."""

import json
from typing import Any

from transforms.storage import Place, write_file


def write_json(place: Place, value: Any) -> None:
    """Writes a value."""
    write_file(place, json.dumps(value, separators=(",", ":")).encode())


def read_json(place: Place) -> Any:
    """Reads a value."""
    return json.loads(place.read_bytes())
