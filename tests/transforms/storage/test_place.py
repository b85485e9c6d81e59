"""Names that a person gives, and what is refused of them."""

from pathlib import Path

import pytest

from transforms.errors import UserError
from transforms.storage import RemotePath, parse_place


@pytest.mark.parametrize("text", ["data", "/data/a:b", "./gs:/a", "C:\\data", "gs:a"])
def test_a_path(text):
    assert parse_place(text) == Path(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("gs://bucket", "gs://bucket"),
        ("gs://bucket/", "gs://bucket"),
        ("s3://bucket.name/a/b/", "s3://bucket.name/a/b"),
        ("s3://bucket/a b#1?2%20+", "s3://bucket/a b#1?2%20+"),
        ("abfs://container/a", "abfs://container/a"),
        ("hdfs://namenode:8020/user/a", "hdfs://namenode:8020/user/a"),
        ("gs://bucket/me@home/x?y=1&z=2", "gs://bucket/me@home/x?y=1&z=2"),
    ],
)
def test_a_url(text, url):
    assert parse_place(text) == RemotePath(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gs://", "not the name of a bucket"),
        ("s3:///a", "not the name of a bucket"),
        ("gs://a b/c", "not the name of a bucket"),
        ("gs://bucket//a", "without a name"),
        ("s3://bucket/a//b", "without a name"),
        (
            "ftp://host/a",
            "ftp:// is not known; name a path of the file system, or one of gs://, s3://, abfs://, hdfs://",
        ),
    ],
)
def test_a_url_that_is_none_of_ours(text, said):
    with pytest.raises(UserError, match=said):
        parse_place(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIAXX:hush@bucket/a",
        "s3://AKIAXX:hu/sh@bucket/a",
        "gs://hush@bucket/a",
        "s3://bucket/a.zip?X-Amz-Algorithm=AWS4&X-Amz-Signature=hush",
        "gs://bucket/a.zip?x-goog-signature=hush",
        "s3://bucket/a.zip?AWSAccessKeyId=hush&Expires=1",
        "gs://bucket/a.zip?access_token=hush",
        "https://bucket.s3.amazonaws.com/a.zip?X-Amz-Signature=hush",
        "https://user:hush@host/a.zip",
    ],
)
def test_credentials_are_refused_and_not_repeated(text):
    with pytest.raises(UserError) as error:
        parse_place(text)
    assert "hu" not in str(error.value)
