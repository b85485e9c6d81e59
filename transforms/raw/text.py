"""Texts as editors and other programs save them."""

import codecs


def decode_text(data: bytes) -> str:
    """Decodes UTF-8, with or without a byte order mark, or UTF-16 with one, as Windows' Notepad saves it.

    Raises:
        UnicodeDecodeError: neither.
    """
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf16 else "utf-8-sig")
