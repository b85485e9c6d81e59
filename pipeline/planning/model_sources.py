"""The face model files as local files: from an object store, or from an archive.

``Exp_Pca.bin`` is in the same split zip as the samples, which usual tools cannot open; the Basel Face Model is
downloaded as ``BaselFaceModel.tgz``.
"""

import lzma
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from transforms.errors import BadSample, UserError, input_errors
from transforms.face.model_files import EXPRESSION_FILE, EXPRESSION_FILE_BYTES, IDENTITY_FILE_BYTES, IDENTITY_FILES
from transforms.raw.archives import is_archive_name, is_compressed_tar, read_directory, read_member
from transforms.raw.downloads import HEAD_BYTES, stored_instead
from transforms.storage import Place, local_file


class ModelHalf(NamedTuple):
    """A half of the face model: the names of its file, any of which an archive may hold, and their most bytes."""

    names: tuple[str, ...]
    most: int


IDENTITY = ModelHalf(IDENTITY_FILES, IDENTITY_FILE_BYTES)
EXPRESSION = ModelHalf((EXPRESSION_FILE,), EXPRESSION_FILE_BYTES)


@contextmanager
def model_file(place: Place, half: ModelHalf) -> Iterator[Path]:
    """A local copy of a model file, or of that in an archive, which is gone afterwards; errors name the original place.

    Raises:
        UserError: it cannot be read, the archive does not hold it, or its reader refuses it.
    """
    with input_errors(), ExitStack() as stack:
        if is_archive_name(place.name) or is_compressed_tar(place.name):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threedface-")))
            extract = _from_archive if is_archive_name(place.name) else _from_compressed_tar
            local = extract(place, half, folder)
        else:
            local = stack.enter_context(local_file(place))
        try:
            yield local
        except UserError as error:
            raise UserError(str(error).replace(str(local), str(place))) from None


def _from_archive(place: Place, half: ModelHalf, folder: Path) -> Path:
    directory = read_directory(place)
    for problem in directory.problems:
        if Path(problem.file).name in half.names:
            raise UserError(f"{place}: {problem.file}: {problem.detail}")
    member = next((member for member in directory.members if Path(member.path).name in half.names), None)
    if member is None:
        raise _not_in(place, half)
    try:
        data = read_member(directory.pieces, member, half.most)
    except BadSample as bad:
        raise UserError(f"{place}: {member.path}: {bad.detail}; fetch the archive again") from None
    local = folder / Path(member.path).name
    local.write_bytes(data)
    return local


def _from_compressed_tar(place: Place, half: ModelHalf, folder: Path) -> Path:
    with local_file(place) as archive:
        try:
            with tarfile.open(archive) as tar:
                for info in tar:
                    local = folder / Path(info.name).name
                    wanted = local.name in half.names and info.isreg() and info.size <= half.most
                    if wanted and (stored := tar.extractfile(info)):
                        with local.open("wb") as file:
                            shutil.copyfileobj(stored, file)
                        return local
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
            with archive.open("rb") as file:
                instead = stored_instead(file.read(HEAD_BYTES))
            fault = instead or f"not a compressed tar, or damaged ({error}); fetch it again"
            raise UserError(f"{place}: {fault}") from None
    raise _not_in(place, half)


def _not_in(place: Place, half: ModelHalf) -> UserError:
    return UserError(f"{place}: holds no {' or '.join(half.names)}; name the file, or the archive that does")
