"""Maps rendered from a decoded mesh: depth, normals, PNCC, mask."""
