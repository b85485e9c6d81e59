"""Pictures: decoding to pixels, cropping, resizing, encoding. A picture is the bytes of a file; pixels are an array."""
