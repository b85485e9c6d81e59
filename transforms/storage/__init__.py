"""Where files lie: on a file system, or in an object store (``gs://``, ``s3://``).

    place.py       names of files and folders of either kind
    files.py       what is done with them, the same for both
    store.py       what an object store can do; gcs.py and s3.py do it, over the IO classes of Beam

An object store has no folders, no locks and no rename, but an object is there whole or not at all. So
nothing here renames: a file is written under its own name when all of it is known, and a folder of
files counts when the one that says so, written last, is there.
"""

from transforms.storage.files import (
    file_size,
    has_size,
    in_threads,
    list_files,
    list_paths,
    local_file,
    local_files,
    make_folder,
    own_folder,
    read_range,
    remove,
    remove_files,
    write_file,
    written_whole,
)
from transforms.storage.place import Place, RemotePath, parse_place

__all__ = [
    "Place",
    "RemotePath",
    "file_size",
    "has_size",
    "in_threads",
    "list_files",
    "list_paths",
    "local_file",
    "local_files",
    "make_folder",
    "own_folder",
    "parse_place",
    "read_range",
    "remove",
    "remove_files",
    "write_file",
    "written_whole",
]
