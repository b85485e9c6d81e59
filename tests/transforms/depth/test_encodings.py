import io
import pickle
import struct
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

from pipeline.demo.fine import write_depth
from transforms.depth.encodings import largest_depth_file, read_depth, read_mask
from transforms.errors import BadSample, UserError

SIZE = (9, 7)
ENCODINGS = ["png8", "png16", "tiff", "exr", "npy", "raw_float32", "raw_float64", "text"]
CHANCE = np.random.default_rng(0)


def needs_package(encoding):
    if encoding == "exr":
        pytest.importorskip("OpenEXR")


def fault(data, depth, size=SIZE):
    with pytest.raises(BadSample) as caught:
        read_depth(data, depth, size)
    assert len(caught.value.detail) < 400
    return caught.value.reason


def picture(numbers, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(numbers).save(file, kind, **options)
    return file.getvalue()


def npy(numbers, **options):
    file = io.BytesIO()
    np.save(file, numbers, **options)
    return file.getvalue()


def grey(dtype, size=SIZE):
    return CHANCE.integers(0, np.iinfo(dtype).max, size, dtype, endpoint=True)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_encoding_gives_back_what_was_written(encoding, layout_of):
    needs_package(encoding)
    values = CHANCE.integers(0, 256, SIZE).astype(np.float64)
    if encoding not in ("png8", "png16"):
        values += 0.125
        values[2, 3] = np.nan
    depth = layout_of(encoding, shape=SIZE)
    read = read_depth(write_depth(values, depth), depth, SIZE)
    np.testing.assert_array_equal(read, values)
    assert read.dtype == (np.float64 if encoding in ("raw_float64", "text") else np.float32)


@pytest.mark.parametrize("encoding", ["raw_float32", "raw_float64"])
@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_orders_of_raw_numbers_against_struct(encoding, order, byte_order, layout_of):
    values = np.arange(63.0).reshape(SIZE)
    along = values if order == "rows" else values.T
    code = ("<" if byte_order == "little" else ">") + "63" + ("f" if encoding == "raw_float32" else "d")
    data = struct.pack(code, *(number for line in along.tolist() for number in line))
    depth = layout_of(encoding, shape=SIZE, order=order, byte_order=byte_order)
    np.testing.assert_array_equal(read_depth(data, depth, SIZE), values)
    assert write_depth(values, depth) == data


@given(data=st.data())
def test_float32_of_any_size_comes_back(data, layout_of):
    encoding = data.draw(st.sampled_from(["npy", "raw_float32", "raw_float64", "text"]))
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    values = data.draw(st_numpy.arrays(np.float32, shape, elements=st.floats(width=32)))
    depth = layout_of(encoding, shape=shape)
    read = read_depth(write_depth(values, depth), depth, shape)
    np.testing.assert_array_equal(read.astype(np.float32), values)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i4", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("fortran", [False, True])
def test_npy_of_every_number_type_and_order(dtype, byte_order, fortran, layout_of):
    values = (CHANCE.random(SIZE) * 100).astype(byte_order + dtype)
    read = read_depth(npy(np.asfortranarray(values) if fortran else values), layout_of("npy"), SIZE)
    np.testing.assert_array_equal(read, values)
    assert read.dtype.isnative and read.flags.c_contiguous


@pytest.mark.parametrize(
    "numbers",
    [grey(np.uint8), grey(np.uint16), grey(np.uint16).astype(">u2"), grey(np.int32) - 2**30,
     CHANCE.normal(size=SIZE).astype(np.float32)],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}])
def test_tiff_of_every_kind_that_pillow_reads(numbers, options, layout_of):
    if options and numbers.dtype == np.dtype(">u2"):
        pytest.skip("Pillow does not write it")
    np.testing.assert_array_equal(read_depth(picture(numbers, "TIFF", **options), layout_of("tiff"), SIZE), numbers)


def test_tiff_with_the_predictor_for_floats(layout_of):
    numbers = CHANCE.normal(size=SIZE).astype(np.float32)
    data = picture(numbers, "TIFF", compression="tiff_adobe_deflate", tiffinfo={317: 3})
    np.testing.assert_array_equal(read_depth(data, layout_of("tiff"), SIZE), numbers)


def tiff(numbers, bits, kind, photometric=1, size=SIZE):
    """A little-endian TIFF of one strip, by the book: so that it can hold what Pillow does not write."""
    data = numbers.tobytes()
    tags = [(256, 3, size[1]), (257, 3, size[0]), (258, 3, bits), (259, 3, 1), (262, 3, photometric),
            (273, 4, 8), (277, 3, 1), (278, 4, size[0]), (279, 4, len(data)), (339, 3, kind)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, type_, 1, value) for tag, type_, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_tiff_of_unsigned_32_bits(layout_of):
    numbers = grey(np.uint32)
    assert numbers.max() > 2**31
    np.testing.assert_array_equal(read_depth(tiff(numbers, 32, 1), layout_of("tiff"), SIZE), numbers)


def test_tiff_that_cannot_be_read_rightly_is_named(layout_of):
    numbers = CHANCE.random(SIZE)
    assert fault(tiff(numbers, 64, 3), layout_of("tiff")) == "not_depth"  # float64
    assert fault(tiff(grey(np.uint8), 8, 1, photometric=0), layout_of("tiff")) == "not_depth"  # white is zero
    assert fault(tiff(grey(np.uint8), 8, 1, size=(90000, 90000)), layout_of("tiff")) == "depth_size"
    pages = picture(grey(np.uint8), "TIFF", save_all=True, append_images=[Image.new("L", SIZE[::-1])])
    assert fault(pages, layout_of("tiff")) == "not_depth"
    assert fault(picture(np.zeros((*SIZE, 3), np.uint8), "TIFF"), layout_of("tiff")) == "not_depth"
    whole = picture(grey(np.uint16), "TIFF")
    assert fault(whole[:60], layout_of("tiff")) in ("not_depth", "damaged_depth")


@pytest.mark.parametrize(
    "text",
    ["1 2 3\n4 5 6\n", "1,2,3\n4,5,6", " 1, 2,\t3 \r\n4 , 5 ,6\r\n\r\n", "1,2,3,\n4,5,6,\n", "\ufeff1e0 2. +3\n4 5 6"],
)
def test_text_however_it_is_parted(text, layout_of):
    read = read_depth(text.encode("utf-8"), layout_of("text"), (2, 3))
    np.testing.assert_array_equal(read, [[1, 2, 3], [4, 5, 6]])


def test_text_with_what_is_no_number(layout_of):
    read = read_depth(b"nan NaN inf\n-Inf -inf 0", layout_of("text"), (2, 3))
    np.testing.assert_array_equal(read, [[np.nan, np.nan, np.inf], [-np.inf, -np.inf, 0]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"1 2 3\n4 5 x", "not_depth"),
        (b"1 2 3\n4 5", "not_depth"),
        (b"1 2 3 4 5 6", "depth_size"),
        (b"1 2\n3 4\n5 6", "depth_size"),
        (b"1 2 3\n4 5 6\n7 8 9\n" * 9, "depth_size"),
        (b"\n \n", "not_depth"),
        (b"# 1 2\n3 4 5", "not_depth"),
        (bytes(100), "not_depth"),
        (b"\xff\xd8\xff\xe0", "not_depth"),
        (b"1 " * 100_000, "too_large"),
    ],
)
def test_faults_of_text(text, reason, layout_of):
    assert fault(text, layout_of("text"), (2, 3)) == reason


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_wrong_with_a_file_is_named_and_never_a_traceback(encoding, layout_of):
    needs_package(encoding)
    depth = layout_of(encoding, shape=SIZE)
    values = CHANCE.integers(1, 200, SIZE).astype(np.float64)
    data = write_depth(values, depth)
    formless = "wrong_bytes" if encoding.startswith("raw_") else "not_depth"
    assert fault(b"", depth) == "empty"
    assert fault(b"hello, this is no depth", depth) == formless
    assert fault(bytes(len(data) - 1), depth) == formless
    assert fault(data + bytes(largest_depth_file(SIZE)), depth) == "too_large"
    assert fault(data, depth, (9, 8)) == "depth_size"
    assert fault(data, layout_of(encoding, shape=(7, 9)), SIZE) == "depth_size"
    for cut in range(1, len(data), max(1, len(data) // 60)):
        if encoding != "text":  # the last digits of a text can be missed
            read_or_fault(data[:cut], depth, values if encoding in ("png8", "png16") else None)


def read_or_fault(data, depth, expected=None):
    """Reads what may be damaged: a BadSample or numbers; the expected ones, where damage cannot pass unseen."""
    try:
        read = read_depth(data, depth, SIZE)
    except BadSample:
        return
    assert read.shape == SIZE
    if expected is not None:
        np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_bytes_are_read_or_named(encoding, changes, layout_of):
    needs_package(encoding)
    depth = layout_of(encoding, shape=SIZE)
    values = np.arange(1.0, 64.0).reshape(SIZE)
    data = bytearray(write_depth(values, depth))
    for at, byte in changes:
        data[at % len(data)] = byte
    read_or_fault(bytes(data), depth, values if encoding in ("png8", "png16") else None)


def test_every_bit_of_a_png_counts(layout_of):
    """Pillow alone decodes most changed bits to wrong numbers."""
    values = np.add.outer(np.arange(60), np.arange(40)) * 500.0
    data = write_depth(values, layout_of("png16"))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        assert fault(bytes(changed), layout_of("png16"), (60, 40)) in ("not_depth", "depth_size", "damaged_depth"), at


@pytest.mark.parametrize(
    ("encoding", "numbers"),
    [("png8", grey(np.uint16)), ("png16", grey(np.uint8)), ("png16", np.zeros((*SIZE, 3), np.uint8)),
     ("png8", np.zeros((*SIZE, 4), np.uint8)), ("png8", np.zeros(SIZE, bool))],
)  # fmt: skip
def test_a_png_of_another_kind_is_named(encoding, numbers, layout_of):
    assert fault(picture(numbers), layout_of(encoding)) == "not_depth"


def test_other_formats_are_named(layout_of):
    jpeg = picture(grey(np.uint8), "JPEG")
    for encoding in ("png8", "png16", "tiff", "npy", "text"):
        assert fault(jpeg, layout_of(encoding)) == "not_depth"


def huge_png():
    """One of 100,000 x 100,000 black pixels: its header is true."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 16, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def huge_npy():
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    return file.getvalue()


@pytest.mark.parametrize(
    ("encoding", "data", "reason"),
    [("png16", huge_png(), "depth_size"), ("npy", huge_npy(), "depth_size"),
     ("tiff", tiff(grey(np.uint8), 8, 1, size=(60_000, 60_000)), "depth_size"),
     ("text", b"1 " * 1500 + b"\n", "depth_size")],
)  # fmt: skip
def test_lying_headers_take_no_memory(encoding, data, reason, layout_of):
    tracemalloc.start()
    assert fault(data, layout_of(encoding)) == reason
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_npy_that_would_run_code_is_not_run(layout_of, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    data = npy(np.full(SIZE, Trap(), object), allow_pickle=True)
    assert fault(data, layout_of("npy")) == "not_depth"
    assert fault(pickle.dumps(Trap()), layout_of("npy")) == "not_depth"
    assert not (tmp_path / "trap").exists()


def test_faults_of_npy(layout_of):
    whole = npy(np.zeros(SIZE))
    assert fault(whole[:-1], layout_of("npy")) == "wrong_bytes"
    assert fault(whole + b"\0", layout_of("npy")) == "wrong_bytes"
    assert fault(npy(np.zeros(63)), layout_of("npy")) == "not_depth"
    assert fault(npy(np.zeros(SIZE, np.complex64)), layout_of("npy")) == "not_depth"
    assert fault(npy(np.zeros(SIZE, "i4,f4")), layout_of("npy")) == "not_depth"
    assert fault(npy(np.zeros((7, 9))), layout_of("npy")) == "depth_size"


def exr(channels, **header):
    package = pytest.importorskip("OpenEXR")
    file = io.BytesIO()
    settings = {"compression": package.ZIP_COMPRESSION, "type": package.scanlineimage, **header}
    with package.File(settings, channels) as picture:
        picture.write(file)
    return file.getvalue()


@pytest.mark.parametrize("channel", ["Z", "Y", "R"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint32])
def test_exr_of_every_number_type(channel, dtype, layout_of):
    numbers = (CHANCE.random(SIZE) * 200).astype(dtype)
    np.testing.assert_array_equal(read_depth(exr({channel: numbers}), layout_of("exr"), SIZE), numbers)


def test_faults_of_exr(layout_of):
    numbers = CHANCE.random(SIZE).astype(np.float32)
    depth = layout_of("exr")
    assert fault(exr({"RGB": np.zeros((*SIZE, 3), np.float32)}), depth) == "not_depth"
    assert fault(exr({"confidence": numbers}), depth) == "not_depth"
    whole = exr({"Z": numbers})
    assert fault(whole[:-5], depth) == "damaged_depth"
    assert fault(whole[:100], depth) == "damaged_depth"
    window = whole.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    huge = whole[:window] + struct.pack("<4i", 0, 0, 99_999, 99_999) + whole[window + 16 :]
    assert fault(huge, depth) == "depth_size"


def test_without_its_package_exr_names_the_extra(layout_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(UserError, match=r"pip install 'threedface\[exr\]'"):
        read_depth(b"any", layout_of("exr"), SIZE)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16])
def test_masks_are_valid_where_they_are_not_0(dtype):
    mask = CHANCE.random(SIZE) < 0.5
    np.testing.assert_array_equal(read_mask(picture((mask * 3).astype(dtype)), SIZE), mask)


def test_a_mask_in_colour_is_valid_where_any_channel_is():
    mask = np.zeros((*SIZE, 3), np.uint8)
    mask[1, 2, 2] = 1
    assert np.argwhere(read_mask(picture(mask), SIZE)).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("data", "reason"),
    [(picture(grey(np.uint8), "JPEG"), "not_mask"), (b"", "not_mask"), (picture(grey(np.uint8, (7, 9))), "mask_size"),
     (picture(grey(np.uint8))[:-30], "damaged_mask"), (picture(np.zeros((*SIZE, 4), np.uint8)), "not_mask")],
)  # fmt: skip
def test_faults_of_masks(data, reason):
    with pytest.raises(BadSample) as caught:
        read_mask(data, SIZE)
    assert caught.value.reason == reason
