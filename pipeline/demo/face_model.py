"""A synthetic morphable face model in the sizes, order and units of BFM 2009 and the data set.

Components of identity and expression are displacement fields over the mean surface, those of albedo colour fields.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.demo.face_shape import BROW, EYE, LIPS, MOUTH, bump, mean_shape, smooth_step
from transforms.face.indices import EXPRESSION_COMPONENTS, FULL_VERTICES, expression_std, kept_vertices

_BFM_COMPONENTS = 199
_DEGREES = 9  # polynomials of total degree 1 to 9: 54 of them
_BUMPS = [
    *[((0, -4), (10, 12)), ((0, 25), (9, 14)), ((12, -10), (6, 6)), ((0, -76), (20, 14))],
    *[((0, -35), (22, 6)), ((0, -46), (20, 6)), ((42, 0), (16, 16)), ((30, 33), (16, 10))],
    *[((33, 52), (18, 8)), ((58, -50), (16, 18)), ((0, 75), (30, 20)), ((28, -25), (9, 14))],
    ((0, -60), (24, 8)),
]


class _Functions(NamedTuple):
    """Orthonormal scalar functions on the face without a constant component, smooth ones first.

    Attributes:
        values: shape (n, 67).
        degree: a measure of roughness, shape (67,).
        even: whether even in x, shape (67,).
    """

    values: np.ndarray
    degree: np.ndarray
    even: np.ndarray


def _identity_basis(functions: _Functions) -> np.ndarray:
    """Orthonormal, smooth displacement fields, mostly symmetric ones first: shape (3 n, 199) float32, Fortran order."""
    degree, even = functions.degree, functions.even
    # A displacement along x is symmetric if it is odd in x, one along y or z if it is even.
    symmetric = np.stack([~even, even, even], axis=1)
    order = np.argsort((degree[:, None] + 6.0 * ~symmetric).ravel(), kind="stable")[:_BFM_COMPONENTS]
    mix = np.zeros((symmetric.size, _BFM_COMPONENTS))
    rng = np.random.default_rng(199)
    for start in range(0, _BFM_COMPONENTS, 7):
        block = slice(start, min(start + 7, _BFM_COMPONENTS))
        size = block.stop - start
        mix[order[block], block] = np.linalg.qr(rng.normal(size=(size, size)))[0]
    return _combine(functions.values, mix.reshape(len(degree), 3, _BFM_COMPONENTS))


def _identity_std() -> np.ndarray:
    """Standard deviations of the 199 identity coefficients: 900000 um, falling to about 20000."""
    return 1.8e4 + 8.8e5 * np.arange(1, _BFM_COMPONENTS + 1) ** -1.15


def _expression_basis(vertices: np.ndarray, functions: _Functions) -> np.ndarray:
    """Displacement fields of unit norm on the 53215 vertices: seven gestures, then smooth random ones.

    Args:
        vertices: the mean, shape (n, 3), um.
        functions: on these vertices.

    Returns:
        Shape (3 n, 79) float32, in Fortran order.
    """
    gestures = _gestures(vertices)
    degree, count = functions.degree, EXPRESSION_COMPONENTS - len(gestures)
    mix = np.random.default_rng(79).normal(size=(len(degree), 3, count)) / degree[:, None, None]
    fields = np.concatenate([gestures, _combine(functions.values, mix).T])
    kept = fields.reshape(len(fields), -1, 3)[:, kept_vertices()]
    norm = np.sqrt(np.einsum("kna,kna->k", kept, kept))
    return (fields / norm[:, None]).astype(np.float32).T


def _expression_mean(vertices: np.ndarray) -> np.ndarray:
    """Mean expression: a slightly open, smiling mouth, 700 um at most: shape (3 n,), um."""
    jaw, smile, *_ = _gestures(vertices)
    field = jaw + 0.5 * smile
    return field * (700.0 / np.linalg.norm(field.reshape(-1, 3), axis=1).max())


def _functions(vertices: np.ndarray) -> _Functions:
    """Polynomials and bumps on the mean (n, 3), um, made orthonormal."""
    x, y = vertices[:, 0] / 1000.0, vertices[:, 1] / 1000.0
    powers = [(i, total - i) for total in range(_DEGREES + 1) for i in range(total + 1)]
    along_x = np.polynomial.legendre.legvander(x / 75.0, _DEGREES)
    along_y = np.polynomial.legendre.legvander((y - 9.0) / 104.0, _DEGREES)
    values = [along_x[:, i] * along_y[:, j] for i, j in powers]
    values += [bump(x, y, centre, spread) for centre, spread in _BUMPS]
    degree = np.array([float(i + j) for i, j in powers] + [3.5] * len(_BUMPS))
    even = np.array([i % 2 == 0 for i, _ in powers] + [True] * len(_BUMPS))
    orthonormal = np.linalg.qr(np.stack(values, axis=1))[0]
    return _Functions(orthonormal[:, 1:], degree[1:], even[1:])


def _combine(functions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Functions (n, f) and weights (f, 3, k) -> displacement fields (3 n, k) float32, Fortran order."""
    fields = np.empty((weights.shape[2], len(functions), 3), np.float32)
    for axis in range(3):
        fields[:, :, axis] = weights[:, axis].T @ functions.T
    return fields.reshape(len(fields), -1).T


def _gestures(vertices: np.ndarray) -> np.ndarray:
    """Jaw, smile, brow raise, pucker, frown, mouth aside, blink, each about 1 at its peak: (7, 3 n)."""
    x, y, z = vertices.T / 1000.0
    side = np.tanh(x / 9.0)
    # The jaw separates from the upper face at the lips; beyond the mouth's corners the skin stretches.
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


_IRIS = (29.8, 33.2)  # mm, of the left eye


def _mean_albedo(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean colours at points seen from the front (mm): shape (n, 3), RGB 0 to 255."""
    skin = np.array([222.0, 172.0, 146.0]) + np.zeros((len(x), 1))
    blush = bump(x, y, (40, -4), (13, 11)) + 0.8 * bump(x, y, (0, -5), (9, 8))
    skin += blush[:, None] * [4, -16, -14]
    skin -= bump(x, y, (28, 24), (12, 4))[:, None] * [10, 14, 10]  # under the eyes
    layers = _layers(x, y)
    for name, colour in [
        ("lips", (188, 92, 92)),
        ("mouth", (62, 18, 20)),
        ("nostrils", (84, 42, 36)),
        ("eyes", (238, 236, 232)),
        ("irises", (92, 112, 96)),
        ("pupils", (14, 12, 12)),
        ("lashes", (50, 34, 28)),
        ("brows", (84, 58, 42)),
        ("hair", (74, 50, 36)),
    ]:
        cover = layers[name][:, None]
        skin = skin * (1 - cover) + cover * np.array(colour, float)
    return skin


def _albedo_variations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Variations of albedo between faces, at points seen from the front (mm).

    Returns:
        Directions, shape (n, 3, k), in RGB for one standard deviation each; not orthogonal.
    """
    layers = _layers(x, y)
    hair, irises, lips = layers["hair"], layers["irises"], layers["lips"]
    skin = (1 - hair) * (1 - layers["eyes"]) * (1 - layers["brows"]) * (1 - layers["mouth"])
    fields = [
        (skin, (22, 24, 22)),  # complexion
        (hair + 0.6 * layers["brows"], (38, 30, 20)),
        (skin * (1 - lips), (5, -3, -5)),
        (lips, (14, -10, -6)),
        (irises * (1 - layers["pupils"]), (-24, 4, 34)),
        (bump(x, y, (40, -4), (14, 12)) * skin, (2, -12, -10)),
        (bump(x, y, (0, -62), (34, 22)) * skin, (-12, -12, -8)),  # beard shadow
    ]
    fields += [(skin * np.cos(k * x / 30 + k) * np.cos(y / (12 + 4 * k)), (4, 4, 4)) for k in range(1, 6)]
    return np.stack([field[:, None] * np.array(colour, float) for field, colour in fields], axis=-1)


def _layers(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Coverage of each point by each coloured feature: 0 to 1."""
    eyes = EYE.cover(x, y, 0.8)
    depth = EYE.depth(x, y)
    upper = y > 32.2
    from_iris = np.hypot(np.abs(x) - _IRIS[0], y - _IRIS[1])
    hairline = 88 - 0.006 * x**2 - 45 * smooth_step((np.abs(x) - 54) / 14)
    return {
        "lips": LIPS.cover(x, y, 1.2),
        "mouth": MOUTH.cover(x, y, 0.7),
        "nostrils": np.minimum(1.0, 1.3 * bump(x, y, (6.3, -14.6), (2.6, 1.5))),
        "eyes": eyes,
        "irises": eyes * smooth_step((5.9 - from_iris) / 0.8 + 0.5),
        "pupils": eyes * smooth_step((2.4 - from_iris) / 0.6 + 0.5),
        "lashes": np.exp(-0.5 * ((depth + 0.2) / 0.7) ** 2) * np.where(upper, 0.95, 0.35),
        "brows": 0.9 * BROW.cover(x, y, 2.0),
        "hair": smooth_step((y - hairline) / 5 + 0.5),
    }


@dataclass(frozen=True)
class SyntheticModel:
    """A face model on all 53490 vertices of BFM 2009, N = 53490; vectors are interleaved xyz or rgb.

    The expression is that of the data set on its 53215 vertices, continued inside the mouth so that whole faces can
    be drawn.

    Attributes:
        mean: (3N,) float32, um: x right, y up, z toward the viewer.
        identity_basis: (3N, 199) float32, orthonormal columns.
        identity_std: (199,) float32, um.
        expression_mean: (3N,) float32, um.
        expression_basis: (3N, 79) float32, unit-norm columns on the 53215 vertices.
        expression_std: (79,) float32, um.
        triangles: (106466, 3) int64, 0-based, wound inward.
        albedo_mean: (3N,) float32, RGB 0 to 255.
        albedo_basis: (3N, k) float32, orthonormal columns.
        albedo_std: (k,) float32.
    """

    mean: np.ndarray
    identity_basis: np.ndarray
    identity_std: np.ndarray
    expression_mean: np.ndarray
    expression_basis: np.ndarray
    expression_std: np.ndarray
    triangles: np.ndarray
    albedo_mean: np.ndarray
    albedo_basis: np.ndarray
    albedo_std: np.ndarray

    def vertices(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """The vertices for raw coefficients, up to 199 and up to 79: shape (53490, 3) float64, um."""
        mean = self.mean.astype(np.float64) + self.expression_mean
        shape = mean + self.identity_basis[:, : len(identity)] @ np.asarray(identity, np.float32)
        shape += self.expression_basis[:, : len(expression)] @ np.asarray(expression, np.float32)
        return shape.reshape(FULL_VERTICES, 3)

    def albedo(self, coefficients: np.ndarray) -> np.ndarray:
        """Vertex colours for raw albedo coefficients, up to k: shape (53490, 3) float32, RGB 0 to 255."""
        change = self.albedo_basis[:, : len(coefficients)] @ np.asarray(coefficients, np.float32)
        return np.clip(self.albedo_mean + change, 0, 255).reshape(FULL_VERTICES, 3)


def make_model() -> SyntheticModel:
    """Makes the synthetic model, which is always the same; takes some seconds."""
    shape = mean_shape()
    functions = _functions(shape.vertices)
    x, y = shape.vertices[:, 0] / 1000.0, shape.vertices[:, 1] / 1000.0
    albedo_basis, albedo_std, _ = np.linalg.svd(
        _albedo_variations(x, y).reshape(3 * FULL_VERTICES, -1), full_matrices=False
    )
    return SyntheticModel(
        mean=shape.vertices.ravel().astype(np.float32),
        identity_basis=_identity_basis(functions),
        identity_std=_identity_std().astype(np.float32),
        expression_mean=_expression_mean(shape.vertices).astype(np.float32),
        expression_basis=_expression_basis(shape.vertices, functions),
        expression_std=expression_std().astype(np.float32),
        triangles=shape.triangles,
        albedo_mean=_mean_albedo(x, y).ravel().astype(np.float32),
        albedo_basis=albedo_basis.astype(np.float32),
        albedo_std=albedo_std.astype(np.float32),
    )
