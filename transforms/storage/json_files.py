"""Small JSON files that are there whole or not at all; some have a seal, which shows that not a bit has changed.

A sealed file is an object with one entry per line. The last entry, ``digest``, is the SHA-256 of all lines before it:

    head -n -2 manifest.json | sha256sum
"""

import hashlib
import json
from typing import Any

from transforms.storage import Place, write_file


def write_json(place: Place, value: Any) -> None:
    """Writes a value."""
    write_file(place, json.dumps(value, separators=(",", ":")).encode())


def read_json(place: Place) -> Any:
    """Reads a value."""
    return json.loads(place.read_bytes())


def seal(entries: dict[str, Any]) -> bytes:
    """A sealed file of these entries: long lists of numbers stay on one line."""
    lines = "".join(f"{json.dumps(name)}: {json.dumps(value)},\n" for name, value in entries.items())
    return _with_digest(f"{{\n{lines}".encode())


def unseal(data: bytes) -> dict[str, Any]:
    """The entries of a sealed file, ``digest`` among them.

    Raises:
        ValueError: its bytes are not those that were sealed.
    """
    if data != _with_digest(data.rpartition(b'"digest": ')[0]):
        raise ValueError("its bytes do not match its digest")
    entries: dict[str, Any] = json.loads(data)
    return entries


def _with_digest(lines: bytes) -> bytes:
    return lines + f'"digest": "{hashlib.sha256(lines).hexdigest()}"\n}}\n'.encode()
