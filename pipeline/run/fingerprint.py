"""The fingerprint of a run: everything that its bytes depend on. Equal fingerprints mean the same run."""

import hashlib
import json
from typing import Any

from transforms.records.versions import byte_versions

VERSION = "1.0.0"  # of the record schema and layout: raise it when either changes


def run_fingerprint(
    config: str, options: dict[str, Any], model_files: dict[str, dict[str, str]], layout: dict[str, str] | None = None
) -> dict[str, Any]:
    """All that the bytes of a run depend on but the input.

    Args:
        config: name of the configuration.
        options: those that the bytes depend on.
        model_files: for identity and expression, the file's name and SHA-256.
        layout: of FineData, the layout's keys with their values.
    """
    return {
        "config": config,
        "version": VERSION,
        "versions": byte_versions(),
        "options": options,
        "model_files": model_files,
        **({"layout": layout} if layout else {}),
    }


def digest(fingerprint: dict[str, Any]) -> str:
    """A digest of a fingerprint, without the names of the model files."""
    shas = {half: entry["sha256"] for half, entry in fingerprint["model_files"].items()}
    return hashlib.sha256(json.dumps({**fingerprint, "model_files": shas}, sort_keys=True).encode()).hexdigest()


def differences(before: dict[str, Any], now: dict[str, Any], ignore: tuple[str, ...] = ()) -> list[str]:
    """The differences between two fingerprints, a few words each."""
    found: list[str] = []
    for part in now:
        if part in ignore or (part == "plan" and found):  # other options make another plan anyway
            continue
        old, new = before.get(part), now[part]
        if isinstance(new, dict) and isinstance(old, dict):
            for name in sorted({*old, *new}):
                one, other = (_value(some.get(name)) for some in (old, new))
                if one != other:
                    found.append(f"{name} was {one}, is {other}")
        elif old != new:
            found.append("the input holds other samples" if part == "plan" else f"{part} was {old}, is {new}")
    return found


def _value(value: Any) -> Any:
    """A model file is its contents, whatever its name."""
    return f"{value['sha256'][:8]}..." if isinstance(value, dict) and "sha256" in value else value
