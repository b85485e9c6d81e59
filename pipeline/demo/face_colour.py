"""The synthetic face's albedo: the mean colour of each vertex and a few ways in which faces differ."""

import numpy as np

from pipeline.demo.face_layout import BROW, EYE, LIPS, MOUTH, bump, smooth_step

_IRIS = (29.8, 33.2)  # mm, of the left eye


def mean_albedo(x: np.ndarray, y: np.ndarray) -> np.ndarray:
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


def albedo_variations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How albedo varies between faces, at points seen from the front (mm).

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
    """How far each point is covered by each coloured feature: 0 to 1."""
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
