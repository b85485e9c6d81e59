"""How synthetic faces differ: components of identity and of expression as fields over the surface."""

import numpy as np

from pipeline.demo.face_layout import bump, smooth_step
from transforms.face.indices import EXPRESSION_COMPONENTS, kept_vertices

BFM_COMPONENTS = 199
_DEGREES = 9  # polynomials of total degree 1 to 9: 54 of them
_BUMPS = [
    *[((0, -4), (10, 12)), ((0, 25), (9, 14)), ((12, -10), (6, 6)), ((0, -76), (20, 14))],
    *[((0, -35), (22, 6)), ((0, -46), (20, 6)), ((42, 0), (16, 16)), ((30, 33), (16, 10))],
    *[((33, 52), (18, 8)), ((58, -50), (16, 18)), ((0, 75), (30, 20)), ((28, -25), (9, 14))],
    ((0, -60), (24, 8)),
]


def identity_basis(vertices: np.ndarray) -> np.ndarray:
    """Orthonormal, smooth, face-like displacement fields: mostly symmetric ones first.

    Args:
        vertices: the mean, shape (n, 3), um.

    Returns:
        Shape (3 n, 199) float32, unit-norm columns in Fortran order.
    """
    functions, degree, even = _functions(vertices)
    # A displacement along x keeps the face symmetric if it is odd in x, one along y or z if it is even.
    symmetric = np.stack([~even, even, even], axis=1)
    order = np.argsort((degree[:, None] + 6.0 * ~symmetric).ravel(), kind="stable")[:BFM_COMPONENTS]
    mix = np.zeros((symmetric.size, BFM_COMPONENTS))
    rng = np.random.default_rng(199)
    for start in range(0, BFM_COMPONENTS, 7):
        block = slice(start, min(start + 7, BFM_COMPONENTS))
        size = block.stop - start
        mix[order[block], block] = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return _combine(functions, mix.reshape(len(degree), 3, BFM_COMPONENTS))


def identity_std() -> np.ndarray:
    """Standard deviations of the 199 identity coefficients: 900000 um, falling to about 20000."""
    return 1.8e4 + 8.8e5 * np.arange(1, BFM_COMPONENTS + 1) ** -1.15


def expression_basis(vertices: np.ndarray) -> np.ndarray:
    """Displacement fields of unit norm on the 53215: seven meaningful ones, then smooth random ones.

    Args:
        vertices: the mean, shape (n, 3), um.

    Returns:
        Shape (3 n, 79) float32, in Fortran order.
    """
    gestures = _gestures(vertices)
    functions, degree, _ = _functions(vertices)
    count = EXPRESSION_COMPONENTS - len(gestures)
    mix = np.random.default_rng(79).normal(size=(len(degree), 3, count)) / degree[:, None, None]
    fields = np.concatenate([gestures, _combine(functions, mix).T])
    kept = fields.reshape(len(fields), -1, 3)[:, kept_vertices()]
    norm = np.sqrt(np.einsum("kna,kna->k", kept, kept))
    return (fields / norm[:, None]).astype(np.float32).T


def expression_mean(vertices: np.ndarray) -> np.ndarray:
    """Mean expression: a slightly open, smiling mouth, 700 um at most: shape (3 n,), um."""
    jaw, smile, *_ = _gestures(vertices)
    field = jaw + 0.5 * smile
    return field * (700.0 / np.linalg.norm(field.reshape(-1, 3), axis=1).max())


def _functions(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal scalar functions on the face without a constant part, smooth ones first.

    Returns:
        Values (n, 67); degree, a measure of roughness (67,); whether even in x (67,).
    """
    x, y = vertices[:, 0] / 1000.0, vertices[:, 1] / 1000.0
    powers = [(i, total - i) for total in range(_DEGREES + 1) for i in range(total + 1)]
    along_x = np.polynomial.legendre.legvander(x / 75.0, _DEGREES)
    along_y = np.polynomial.legendre.legvander((y - 9.0) / 104.0, _DEGREES)
    values = [along_x[:, i] * along_y[:, j] for i, j in powers]
    values += [bump(x, y, centre, spread) for centre, spread in _BUMPS]
    degree = np.array([float(i + j) for i, j in powers] + [3.5] * len(_BUMPS))
    even = np.array([i % 2 == 0 for i, _ in powers] + [True] * len(_BUMPS))
    orthonormal = np.linalg.qr(np.stack(values, axis=1))[0]
    return orthonormal[:, 1:], degree[1:], even[1:]


def _combine(functions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Functions (n, f) and weights (f, 3, k) -> displacement fields (3 n, k) float32, Fortran order."""
    fields = np.empty((weights.shape[2], len(functions), 3), np.float32)
    for component, field in enumerate(fields):
        field[:] = functions @ weights[:, :, component]
    return fields.reshape(len(fields), -1).T


def _gestures(vertices: np.ndarray) -> np.ndarray:
    """Jaw, smile, brow raise, pucker, frown, mouth aside, blink, each about 1 at its peak: (7, 3 n)."""
    x, y, z = vertices.T / 1000.0
    side = np.tanh(x / 9.0)
    # The jaw parts from the upper face at the lips; beyond the mouth's corners the skin stretches.
    band = 3.5 + 14.0 * np.minimum(np.abs(x) / 22.0, 1.5) ** 3
    jaw = smooth_step(0.5 + (-39.8 - y) / band) * np.clip(z / 85.0, 0.0, 1.0)
    corner = bump(x, y, (25, -40), (12, 11))
    cheek = bump(x, y, (40, -6), (14, 12))
    brow = bump(x, y, (35, 53), (20, 10))
    pucker = bump(x, y, (0, -41), (20, 13))
    frown = bump(x, y, (16, 51), (12, 9))
    aside = bump(x, y, (0, -43), (24, 16))
    upper_lid, lower_lid = bump(x, y, (30, 38), (10, 3.2)), bump(x, y, (30, 28), (10, 3.2))
    none = np.zeros_like(x)
    fields = [
        (none, -jaw, -0.3 * jaw),
        (side * (0.9 * corner + 0.3 * cheek), 0.8 * corner + 0.4 * cheek, 0.6 * cheek - 0.4 * corner),
        (none, brow, none),
        (-x / 22.0 * pucker, none, 0.5 * pucker),
        (-0.8 * side * frown, -0.8 * frown, 0.3 * frown),
        (aside, 0.2 * aside, none),
        (none, 0.3 * lower_lid - upper_lid, -0.2 * upper_lid),
    ]
    return np.stack([np.stack(field, axis=1).ravel() for field in fields])
