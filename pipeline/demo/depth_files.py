"""Depth files in every encoding that a layout can name, for the demo data and the tests."""

import io

import numpy as np
from PIL import Image

from transforms.depth.encodings import open_exr_package
from transforms.depth.layout import DepthLayout


def write_depth(values: np.ndarray, depth: DepthLayout) -> bytes:
    """A depth file.

    Args:
        values: the numbers of the file, (H, W), first row first, as `from_pixels` gives them;
            rounded where the encoding holds integers. A TIFF is of 16 bits if they are whole and fit, else float32.
        depth: the encoding; order and byte order of raw_*.

    Returns:
        The file's bytes.

    Raises:
        ValueError: the encoding cannot hold the values.
        UserError: EXR is asked for, and its package is missing.
    """
    if depth.encoding == "png8":
        return _picture(_integers(values, np.uint8), "PNG")
    if depth.encoding == "png16":
        return _picture(_integers(values, np.uint16), "PNG")
    if depth.encoding == "tiff":
        whole = np.isfinite(values).all() and (values == np.rint(values)).all() and _fits(values, np.uint16)
        return _picture(values.astype(np.uint16 if whole else np.float32), "TIFF")
    if depth.encoding == "exr":
        return _exr(values.astype(np.float32))
    if depth.encoding == "npy":
        file = io.BytesIO()
        np.save(file, values.astype(np.float32), allow_pickle=False)
        return file.getvalue()
    if depth.encoding == "text":
        return "".join(" ".join(f"{value:.9g}" for value in row) + "\n" for row in values.tolist()).encode("ascii")
    dtype = ("<" if depth.byte_order == "little" else ">") + ("f4" if depth.encoding == "raw_float32" else "f8")
    return values.astype(dtype).tobytes(order="C" if depth.order == "rows" else "F")


def _integers(values: np.ndarray, dtype: type[np.unsignedinteger]) -> np.ndarray:
    if not _fits(values, dtype):
        raise ValueError(f"{np.nanmin(values):.6g} .. {np.nanmax(values):.6g} does not fit {np.dtype(dtype)}")
    return np.rint(values).astype(dtype)


def _fits(values: np.ndarray, dtype: type[np.unsignedinteger]) -> bool:
    whole = np.rint(values)
    return bool(whole.min() >= 0 and whole.max() <= np.iinfo(dtype).max)


def _picture(numbers: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(numbers).save(file, kind)
    return file.getvalue()


def _exr(values: np.ndarray) -> bytes:
    package = open_exr_package()
    header = {"compression": package.ZIP_COMPRESSION, "type": package.scanlineimage}
    file = io.BytesIO()
    with package.File(header, {"Z": np.ascontiguousarray(values)}) as picture:
        picture.write(file)
    return file.getvalue()
