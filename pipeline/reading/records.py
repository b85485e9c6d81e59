"""Reads single records by random access, without TensorFlow: ``from pipeline import open_records``.

A record is found by the index beside its shard and read by one `pread`, or one request to an object store. No file
stays open and nothing is mapped: a `Records` object is safe in forked and spawned workers, and a shard that is cut
meanwhile gives an error rather than a crash.
"""

import hashlib
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.reading.selection import Selection, ShardFile, select
from transforms.errors import BadSample, DamagedRecord, UserError
from transforms.pictures.codec import picture_shape
from transforms.pictures.crop import crop_labels, whole_boxes
from transforms.records.example import decode_example
from transforms.records.pictures import decode_picture
from transforms.records.schema import PICTURES, Feature, nest
from transforms.records.tfrecord import check_frame, decode_index, index_name
from transforms.storage import RemotePath, in_threads, read_range


def open_records(
    output: str | Path,
    split: str = "train",
    config: str | Sequence[str] = "coarse",
    *,
    features: Sequence[str] | None = None,
    image_size: int | None = None,
    decode: bool = True,
    normalise: bool = False,
) -> "Records":
    """Opens the records of a split as a sequence, for PyTorch's DataLoader, Grain or plain loops.

    The order is that of the shards. Each item is a nested dict of NumPy arrays, as those of `pipeline.load`, with
    strings as str.

    Args:
        output: see `pipeline.load`; any store that ``convert`` writes to.
        split: name of a split.
        config: one configuration, or several, one after the other.
        features: see `pipeline.load`.
        image_size: see `pipeline.load`.
        decode: whether to decode pictures and maps; else they are the bytes of their files.
        normalise: see `pipeline.load`.

    Raises:
        UserError: there is no such conversion, split or feature, the configurations do not fit together, or an index
            is missing or damaged.

    Example:
        >>> records = open_records("shards", "train", features=["image", "landmarks/image"])
        >>> len(records), records[0]["landmarks"]["image"].shape
        (84494, (68, 3))
        >>> torch.utils.data.DataLoader(records, batch_size=64, shuffle=True, num_workers=4)
    """
    if image_size is not None and not decode:
        raise UserError("image_size needs decode=True")
    chosen = select(output, split, config, features=features, image_size=image_size, normalise=normalise)
    return Records(chosen, decode)


class Records(Sequence[dict[str, Any]]):
    """The records of a split; see `open_records`. Pickles to about 16 bytes per record.

    Attributes:
        features: the schema of an item, by feature names such as ``pose/camera``.
    """

    def __init__(self, chosen: Selection, decode: bool) -> None:
        """Reads the indices."""
        shards = [shard for some in chosen.shards for shard in some]
        self.features = chosen.features
        self._files = [shard.file for shard in shards]
        self._first = np.cumsum([0, *(shard.samples for shard in shards)])
        self._frames = np.concatenate([np.empty((0, 2), np.int64), *in_threads(_read_index, shards)])
        self._read = (*chosen.features, *chosen.hidden) if decode else chosen.features
        self._image_size, self._row_offset = chosen.image_size, chosen.row_offset
        self._stds, self._decode = chosen.stds, decode

    def __len__(self) -> int:
        """The number of records."""
        return len(self._frames)

    def __getitem__(self, index: Any) -> Any:
        """One record, or with a slice a list of them.

        Raises:
            IndexError: there is no such record.
            DamagedRecord: the shard was damaged or changed.
        """
        if isinstance(index, slice):
            return self.__getitems__(range(len(self))[index])
        return self._item(range(len(self))[operator.index(index)])

    def __getitems__(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Records by their numbers, as PyTorch asks for a batch: from an object store, many are read at once."""
        rows = [range(len(self))[operator.index(index)] for index in indices]
        remote = any(isinstance(file, RemotePath) for file in self._files)
        return in_threads(self._item, rows) if remote else list(map(self._item, rows))

    def _item(self, row: int) -> dict[str, Any]:
        file = self._files[int(np.searchsorted(self._first, row, side="right")) - 1]
        offset, size = self._frames[row].tolist()
        record = check_frame(str(file), offset, read_range(file, offset, size))
        try:
            values = decode_example(self._read, record)
            return nest(self._decoded(values))
        except (ValueError, BadSample) as error:
            raise DamagedRecord(str(file), offset, str(error)) from None

    def _decoded(self, values: dict[str, Any]) -> dict[str, Any]:
        size = self._image_size
        item = {feature.name: self._value(feature, values) for feature in self.features}
        if size:
            shapes = np.array([picture_shape(values["image"])])
            columns = {name: value[None] for name, value in item.items() if isinstance(value, np.ndarray)}
            labels = crop_labels(columns, whole_boxes(shapes), shapes, size, self._row_offset)
            item |= {name: value[0].astype(np.float32) for name, value in labels.items()}
        return item

    def _value(self, feature: Feature, values: dict[str, Any]) -> Any:
        value = values[feature.name]
        if feature.kind == "string":
            return value.decode()
        if feature.kind not in PICTURES:
            return np.divide(value, self._stds[feature.name]) if feature.name in self._stds else value.copy()
        if not self._decode:
            return value
        if self._image_size:
            return _scaled(feature, values, self._image_size)
        return _with_channels(decode_picture(feature, values))


def _scaled(feature: Feature, values: Mapping[str, Any], size: int) -> np.ndarray:
    """A picture at size x size; depth grows with it."""
    from transforms.pictures.resize import decode_scaled, scale_map  # load numba

    if feature.name == "image":
        return decode_scaled(values["image"], size)
    decoded = _with_channels(decode_picture(feature, values))
    if feature.kind not in ("depth16", "depth32"):
        return scale_map(decoded, size, 0)
    return scale_map(decoded, size, np.nan) * np.float32(size / max(decoded.shape[:2]))


def _with_channels(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _read_index(shard: ShardFile) -> np.ndarray:
    """Offset and size of each record of a shard, shape (samples, 2) int64.

    Raises:
        UserError: the index or the shard is not that of the manifest.
    """
    index = shard.file.with_name(index_name(shard.file.name))
    rebuild = "threedface verify --index writes it again"
    try:
        data = index.read_bytes()
        frames = decode_index(data)
    except OSError as error:
        raise UserError(f"{index}: cannot be read ({error.strerror}); {rebuild}") from None
    except ValueError as error:
        raise UserError(f"{index}: {error}; {rebuild}") from None
    changed = shard.index_sha256 and hashlib.sha256(data).hexdigest() != shard.index_sha256
    if changed or (len(frames), frames[:, 1].sum()) != (shard.samples, shard.bytes):
        raise UserError(f"{index}: not the index that the manifest names; {rebuild}")
    return frames
