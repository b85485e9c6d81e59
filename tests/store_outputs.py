"""What an output holds, for tests of outputs in object stores."""

from transforms.storage import Place, list_files, list_paths

FOLDER = "threedface/coarse/1.0.0"


def contents(output: Place) -> dict[str, bytes]:
    """All files below an output, by path, less run.json, which differs between two runs of the same."""
    return {path: (output / path).read_bytes() for path in list_paths(output) if not path.endswith("/run.json")}


def sizes(output: Place) -> dict[str, int]:
    """All files below an output with their sizes."""
    return dict(list_files(output))
