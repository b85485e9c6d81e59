"""What is stored in place of a download is named wherever a file is read."""

import pytest

from transforms.errors import BadSample, UserError
from transforms.face.model_files import read_expression_file, read_identity_file
from transforms.raw.archives import read_directory
from transforms.raw.downloads import stored_instead
from transforms.raw.image_check import check_image

PAGE = b"\r\n<!DOCTYPE html>\n<html lang=en><head><title>Google Drive - Virus scan warning</title>"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PAGE, "web page"),
        (b"\xef\xbb\xbf<HTML>", "web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "XML message"),
        (b'{"error": {"code": 403}}', "JSON message"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
        (b"/annex/objects/MD5E-s1--x", "git annex get"),
        (b"", "empty"),
        (bytes(512), "only zeros"),
        (b"PK\3\4", None),
        (b"\xff\xd8\xff\xe0", None),
        (b"MATLAB 5.0 MAT-file", None),
        (b"79 12.5 -3", None),
        (bytes(4) + b"1", None),
    ],
)
def test_beginnings(head, expected):
    said = stored_instead(head)
    assert said is None if expected is None else expected in said


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("data.zip", read_directory),
        ("data.tar", read_directory),
        ("01_MorphableModel.mat", read_identity_file),
        ("model2009-publicmm1-bfm.h5", read_identity_file),
        ("Exp_Pca.bin", read_expression_file),
    ],
)
def test_a_web_page_in_place_of_a_file_is_named_as_such(name, read, tmp_path):
    (tmp_path / name).write_bytes(PAGE)
    with pytest.raises(UserError, match="a web page, not the file itself; log in") as caught:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_pointer_in_place_of_a_picture_is_named_as_such(name):
    with pytest.raises(BadSample, match="git lfs pull"):
        check_image(name, b"version https://git-lfs.github.com/spec/v1\n", "header")
