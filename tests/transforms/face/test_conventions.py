"""Bridges to other libraries, by reprojection: each convention is written here again from its documentation."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from transforms import FaceModel, UserError, read_parameters
from transforms.face.conventions import to_deep3d, to_opencv, to_opencv_pinhole, to_opengl, to_pytorch3d
from transforms.face.indices import kept_vertices
from transforms.face.model_files import read_expression_file, read_identity_file
from transforms.face.pose import camera, rotation
from transforms.pictures.crop import crop_cameras

POINTS = np.random.default_rng(0).uniform(-1e5, 1e5, (40, 3))


@dataclasses.dataclass(frozen=True)
class View:
    """A camera, and what it is made of."""

    euler: np.ndarray
    translation: np.ndarray
    scale: float
    height: int
    width: int

    @property
    def camera(self):
        matrices = camera(
            rotation(self.euler[None]), self.translation[None], np.array([self.scale]), np.array([self.height - 1])
        )
        return matrices[0]

    @property
    def eye(self):
        """The authors' Q = s R V + (t_x, t_y, 0): x right, y up, z toward the viewer, px."""
        turned = POINTS @ Rotation.from_euler("xyz", self.euler).as_matrix()
        return self.scale * turned + [*self.translation, 0]

    @property
    def pixels(self):
        """column = Q_x, row = H - 1 - Q_y."""
        return np.stack([self.eye[:, 0], self.height - 1 - self.eye[:, 1]], axis=1)


views = st.builds(
    View,
    euler=arrays(np.float64, 3, elements=st.floats(-np.pi, np.pi)),
    translation=arrays(np.float64, 2, elements=st.floats(-500, 500)),
    scale=st.floats(1e-4, 1e-2),
    height=st.integers(1, 2000),
    width=st.integers(1, 2000),
)


def assert_rotation(matrix):
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(matrix), 1)


@given(views)
def test_opencv_is_the_same_projection_with_z_into_the_scene(view):
    found = to_opencv(view.camera)
    assert_rotation(found["rotation"])
    x, y, z = (POINTS @ found["rotation"].T + found["translation"]).T
    k = found["intrinsics"]
    assert k[0, 1] == k[1, 0] == 0 and k[2].tolist() == [0, 0, 1]
    pixels = np.stack([k[0, 0] * x + k[0, 2], k[1, 1] * y + k[1, 2]], axis=1)
    np.testing.assert_allclose(pixels, view.pixels, atol=1e-7)
    np.testing.assert_allclose(-z * view.scale, view.eye[:, 2], atol=1e-7)  # away from the viewer, um


@given(views, st.floats(3e5, 1e8))
def test_the_pinhole_is_off_by_the_stated_factor(view, distance):
    centre = np.array([1e3, 5e3, 6e4])
    found = to_opencv_pinhole(view.camera, distance, centre)
    assert_rotation(found["rotation"])
    x, y, z = (POINTS @ found["rotation"].T + found["translation"]).T
    k = found["intrinsics"]
    pixels = np.stack([k[0, 0] * x / z + k[0, 2], k[1, 1] * y / z + k[1, 2]], axis=1)

    turned = Rotation.from_euler("xyz", view.euler).as_matrix().T @ centre
    column, row = view.scale * turned[0] + view.translation[0], view.height - 1 - view.scale * turned[1]
    middle = np.array([column, row - view.translation[1]])
    nearer = (view.eye[:, 2] - view.scale * turned[2]) / view.scale
    factor = distance / (distance - nearer)
    np.testing.assert_allclose(pixels - middle, factor[:, None] * (view.pixels - middle), rtol=1e-6, atol=1e-6)


def test_the_pinholes_error_on_faces_is_as_stated(raw):
    model = FaceModel.load(raw.bfm, raw.expression)
    errors = {1e6: [], 1e7: []}
    for path in raw.dataset.rglob("*_aug_?.txt"):
        face = read_parameters(path)
        mesh = model.mesh(face.identity, face.expression).astype(np.float64)
        ours = face.pose.camera(height=450)
        landmarks = ours.project(mesh[model.landmarks])[:, :2]
        for distance, some in errors.items():
            found = to_opencv_pinhole(ours.matrix, distance, mesh.mean(axis=0))
            seen = (mesh[model.landmarks] @ found["rotation"].T + found["translation"]) @ found["intrinsics"].T
            moved = np.linalg.norm(seen[:, :2] / seen[:, 2:] - landmarks, axis=1)
            some.append(moved / np.ptp(landmarks, axis=0).max())
    assert 0.02 < np.max(errors[1e6]) < 0.035 and 0.010 < np.sqrt(np.mean(np.square(errors[1e6]))) < 0.014
    assert np.max(errors[1e7]) < 0.0035


@given(views)
def test_cv2_projects_to_our_pixels_from_far_away(view):
    cv2 = pytest.importorskip("cv2")
    found = to_opencv_pinhole(view.camera, 1e12, np.zeros(3))
    turn = cv2.Rodrigues(found["rotation"])[0]
    pixels, _ = cv2.projectPoints(POINTS, turn, found["translation"], found["intrinsics"], None)
    np.testing.assert_allclose(pixels[:, 0], view.pixels, atol=0.01)


@given(views)
def test_opengl_is_glortho_of_the_pictures_edges(view):
    """glOrtho and the window's transform by their manual pages; a pixel's centre is at + 1/2 in the window."""
    nearest, farthest = view.eye[:, 2].max(), view.eye[:, 2].min()
    left, right, bottom, top = -0.5, view.width - 0.5, -0.5, view.height - 0.5
    near, far = -nearest, -farthest  # distances along -z from the eye at the origin
    ortho = [
        [2 / (right - left), 0, 0, -(right + left) / (right - left)],
        [0, 2 / (top - bottom), 0, -(top + bottom) / (top - bottom)],
        [0, 0, -2 / (far - near), -(far + near) / (far - near)],
        [0, 0, 0, 1],
    ]
    expected = np.hstack([view.eye, np.ones((40, 1))]) @ np.transpose(ortho)
    found = to_opengl(view.camera, view.height, view.width, np.array([farthest, nearest]))
    clip = np.hstack([POINTS, np.ones((40, 1))]) @ found.T
    np.testing.assert_allclose(clip, expected, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose([clip[:, 2].min(), clip[:, 2].max()], [-1, 1], atol=1e-9)
    window = (clip[:, :2] + 1) / 2 * [view.width, view.height]  # from the lower left corner
    pixels = np.stack([window[:, 0], view.height - window[:, 1]], axis=1) - 0.5
    np.testing.assert_allclose(pixels, view.pixels, atol=1e-6)


@given(views)
def test_pytorch3d_is_row_vectors_x_left_y_up_in_ndc(view):
    """docs/notes/cameras.md, and the NDC of pictures whose (0, 0) is the outer corner of the top left pixel."""
    found = to_pytorch3d(view.camera, view.height, view.width)
    assert_rotation(found["R"])
    seen = POINTS @ found["R"] + found["T"]
    assert (seen[:, 2] > 0).all()
    np.testing.assert_allclose(np.argsort(seen[:, 2]), np.argsort(-view.eye[:, 2]))
    ndc = found["focal_length"] * seen[:, :2] + found["principal_point"]
    half = min(view.height, view.width) / 2
    screen = [view.width / 2, view.height / 2] - half * ndc
    np.testing.assert_allclose(screen - 0.5, view.pixels, atol=1e-7)


def test_pytorch3d_itself_projects_to_our_pixels():
    torch, renderer = pytest.importorskip("torch"), pytest.importorskip("pytorch3d.renderer")
    view = View(np.array([0.3, -0.4, 0.2]), np.array([210.0, 190.0]), 1.5e-3, 300, 450)
    found = to_pytorch3d(view.camera[None], 300, 450)
    cameras = renderer.OrthographicCameras(**{name: torch.tensor(value).float() for name, value in found.items()})
    seen = cameras.transform_points_screen(torch.tensor(POINTS).float(), image_size=((300, 450),))
    np.testing.assert_allclose(seen.reshape(-1, 3)[:, :2] - 0.5, view.pixels, atol=1e-2)


def test_cropped_cameras_and_batches():
    view = View(np.array([0.3, -0.4, 0.2]), np.array([210.0, 190.0]), 1.5e-3, 300, 450)
    boxes = np.array([[100.5, -20.5, 250.5, 129.5], [-0.5, -0.5, 449.5, 449.5]])
    cameras = crop_cameras(np.stack([view.camera] * 2), boxes, 96).astype(np.float32)
    pixels = (np.insert(POINTS, 3, 1, axis=1) @ cameras.swapaxes(1, 2))[..., :2]
    found = to_opencv(cameras)
    flat = (POINTS @ found["rotation"].swapaxes(1, 2) + found["translation"][:, None]) * [1, 1, 0] + [0, 0, 1]
    np.testing.assert_allclose((flat @ found["intrinsics"].swapaxes(1, 2))[..., :2], pixels, atol=1e-3)
    found = to_pytorch3d(cameras, 96, 96)
    assert found["focal_length"].shape == (2,) and found["T"].shape == (2, 3)
    ndc = (POINTS @ found["R"])[..., :2] * found["focal_length"][:, None, None] + found["principal_point"][:, None]
    np.testing.assert_allclose(48 - 48 * ndc - 0.5, pixels, atol=1e-3)
    clip = np.insert(POINTS, 3, 1, axis=1) @ to_opengl(cameras, 96, 96, np.array([[-99.0, 99.0]] * 2)).swapaxes(1, 2)
    np.testing.assert_allclose((clip[..., :2] * [1, -1] + 1) * 48 - 0.5, pixels, atol=1e-3)
    found = to_opencv_pinhole(cameras, 1e12, np.zeros((2, 3)))
    seen = POINTS @ found["rotation"].swapaxes(1, 2) + found["translation"][:, None]
    seen = seen @ found["intrinsics"].swapaxes(1, 2)
    np.testing.assert_allclose(seen[..., :2] / seen[..., 2:], pixels, atol=1e-3)


@pytest.mark.parametrize("change", [np.diag([-1.0, 1, 1]), np.diag([1.0, 1.1, 1]), np.full((3, 3), np.nan)], ids=str)
def test_mirrored_stretched_and_missing_cameras_are_refused(change):
    ours = View(np.array([0.3, -0.4, 0.2]), np.zeros(2), 1.5e-3, 300, 450).camera
    for convert in (to_opencv, lambda camera: to_pytorch3d(camera, 450, 450)):
        convert(ours)
        with pytest.raises(UserError, match=r"neither flipped nor stretched"):
            convert(change @ ours)


def test_deep3d_coefficients_lose_what_is_stated(raw):
    """Against Deep3DFaceRecon's transferBFM09, applied to the two files."""
    model = FaceModel.load(raw.bfm, raw.expression)
    kept = kept_vertices()
    bfm, expression = read_identity_file(raw.bfm), read_expression_file(raw.expression)
    shape_pc = (bfm.basis * bfm.std / 1e5).reshape(53490, 3, 199)[kept, :, :80].reshape(-1, 80)
    expression_pc = (expression.basis.T * model.expression_std / 1e5)[:, :64]
    mean_shape = bfm.mean.reshape(-1, 3)[kept].ravel() / 1e5

    rng = np.random.default_rng(0)
    unit = rng.normal(size=(60, 100)), rng.normal(size=(60, 79))
    faces = unit[0] * model.identity_std, unit[1] * model.expression_std
    for found in (to_deep3d(*unit), to_deep3d(*faces, model)):
        np.testing.assert_allclose(found[0], unit[0][:, :80])
        np.testing.assert_allclose(found[1], unit[1][:, :64])

    theirs = 1e5 * (mean_shape + found[0] @ shape_pc.T + found[1] @ expression_pc.T) + expression.mean
    lost = model.mesh(*faces).reshape(60, -1) - theirs
    rest = (faces[0] * (np.arange(100) >= 80)) @ model.identity_basis.T
    rest += (faces[1] * (np.arange(79) >= 64)) @ model.expression_basis
    np.testing.assert_allclose(lost, rest, atol=0.5)

    def rms(offsets):
        return np.sqrt(np.square(offsets.reshape(-1, 3)).sum(axis=1).mean())

    assert rms(lost) == pytest.approx(450, rel=0.05)
    assert rms(model.mesh(*faces).reshape(60, -1) - model.mean.ravel()) == pytest.approx(5650, rel=0.05)
    assert rms(expression.mean) == pytest.approx(210, rel=0.05)
