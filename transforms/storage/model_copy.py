"""The prepared face model for workers on other machines: a copy in the object store that they fetch.

It is licensed material: the copy in the store is there while the run is unfinished, and no longer.
"""

import fcntl
import tempfile
from pathlib import Path

from transforms.face.prepared_model import BLOCKS_FILE, GEOMETRY_FILE
from transforms.storage import Place, RemotePath, list_files, local_file, own_folder, write_file

_FILES = (BLOCKS_FILE, GEOMETRY_FILE)


def offer_model(model: Path, folder: RemotePath) -> RemotePath:
    """Copies a prepared model to a folder of an object store, as far as it is not there; gives the copy's folder.

    Args:
        model: the folder of the prepared model, whose name identifies its contents.
        folder: where to make a folder of the same name.

    Raises:
        OSError: the store refuses it.
    """
    copy = folder / model.name
    there = dict(list_files(copy))
    for name in _FILES:
        if there.get(name) != (model / name).stat().st_size:
            write_file(copy / name, (model / name).read_bytes())
    return copy


def fetched_model(folder: Place) -> Path:
    """A prepared model as a folder of this machine.

    One in a store is fetched to the folder for temporary files, once for all threads and processes of this
    user, and stays there.
    """
    if isinstance(folder, Path):
        return folder
    own = own_folder()
    model = own / folder.name
    with (own / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the one that fetches it
        if not model.is_dir():
            with tempfile.TemporaryDirectory(prefix="unfinished-", dir=own) as unfinished:
                whole = Path(unfinished) / folder.name
                whole.mkdir()
                for name in _FILES:
                    with local_file(folder / name) as file:
                        file.rename(whole / name)
                whole.rename(model)
    return model
