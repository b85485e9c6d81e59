"""Where files are: on a file system, or in an object store (``gs://``, ``s3://``, ``abfs://``) or HDFS, by fsspec.

    systems.py     the file systems of fsspec, and their errors
    place.py       names of files and folders of either kind
    files.py       operations on them, the same for both

An object store has no folders and no rename, but an object is there whole or not at all, and can be created
on condition that it does not exist. So nothing here renames: a file is written under its own name when all of
it is known, and a folder of files counts when the one that says so, written last, is there.
"""

from transforms.storage.files import (
    create_file,
    file_size,
    has_size,
    in_threads,
    list_files,
    list_paths,
    local_file,
    make_folder,
    own_folder,
    read_files,
    read_range,
    remove,
    remove_files,
    write_file,
    written_whole,
)
from transforms.storage.place import Place, RemotePath, parse_place
from transforms.storage.systems import store_errors

__all__ = [
    "Place",
    "RemotePath",
    "create_file",
    "file_size",
    "has_size",
    "in_threads",
    "list_files",
    "list_paths",
    "local_file",
    "make_folder",
    "own_folder",
    "parse_place",
    "read_files",
    "read_range",
    "remove",
    "remove_files",
    "store_errors",
    "write_file",
    "written_whole",
]
