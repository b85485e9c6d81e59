"""What is at times stored under the name of a file in place of it."""

import re

HEAD_BYTES = 512

# The beginning of a file, what it is then, and what to do.
_INSTEAD = (
    (rb"\Z", "empty (0 bytes)", "download it again"),
    (rb"\0+\Z", "only zeros", "its download was not finished: download it again"),
    (
        rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|!--|html|head|body|title|meta|script)",
        "a web page",
        "log in or accept the terms in a browser, and download the file again",
    ),
    (rb"(?:\xef\xbb\xbf)?\s*<\?xml|<Error>", "an XML message of a server", "read it, and download the file again"),
    (rb"\s*\{\s*\"", "a JSON message of a server", "read it, and download the file again"),
    (rb"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself with git lfs pull"),
    (rb"[./]*(?:\.git)?/annex/objects/", "a pointer of git-annex", "fetch the file itself with git annex get"),
)
_EXPRESSIONS = [
    (re.compile(beginning, re.IGNORECASE), f"{what}, not the file itself; {to_do}")
    for beginning, what, to_do in _INSTEAD
]


def stored_instead(head: bytes) -> str | None:
    """What a file is in place of its contents, and what to do; None of any other file.

    Args:
        head: its first HEAD_BYTES bytes.
    """
    return next((words for beginning, words in _EXPRESSIONS if beginning.match(head)), None)
