"""The face model files as local files: from an object store, or from an archive.

``Exp_Pca.bin`` is in the same split zip as the samples, which usual tools cannot open.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transforms.errors import BadSample, UserError, input_errors
from transforms.face.model_files import EXPRESSION_FILE, EXPRESSION_FILE_BYTES
from transforms.raw.archives import is_archive_name, read_directory, read_member
from transforms.storage import Place, local_file, make_folder, write_file


@contextmanager
def model_file(place: Place) -> Iterator[Path]:
    """A local copy of a file; errors name the original place.

    Raises:
        UserError: it cannot be read, or its reader refuses it.
    """
    with input_errors(), local_file(place) as local:
        try:
            yield local
        except UserError as error:
            raise UserError(str(error).replace(str(local), str(place))) from None


def expression_file(path: Place, cache: Path) -> Place:
    """The expression file; one in an archive is extracted once, to the model cache.

    Raises:
        UserError: the archive does not hold it, or is damaged.
    """
    if not is_archive_name(path.name):
        return path
    with input_errors():
        directory = read_directory(path)
    members = [member for member in directory.members if Path(member.path).name == EXPRESSION_FILE]
    if not members:
        raise UserError(f"{path}: holds no {EXPRESSION_FILE}; name the file, or the archive that does")
    copy = cache / f"expression-{members[0].crc or 0:08x}" / EXPRESSION_FILE
    if not copy.exists():
        try:
            with input_errors():
                data = read_member(directory.pieces, members[0], EXPRESSION_FILE_BYTES)
        except BadSample as bad:
            raise UserError(f"{path}: {members[0].path}: {bad.detail}; fetch the archive again") from None
        make_folder(copy.parent)
        write_file(copy, data)
    return copy
