"""Maps rendered from a decoded mesh: depth, normals, PNCC, mask. They load numba; import them where they are needed."""
