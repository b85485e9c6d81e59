import pytest

from transforms.raw.configurations import COARSE, ORIGINAL
from transforms.records.schema import Contents, schema

# The record that design and README promise.
EXPECTED = {
    "key": ("string", ()),
    "source": ("string", ()),
    "augmentation": ("int64", ()),
    "image": ("image", (None, None, 3)),
    "coefficients/identity": ("float32", (100,)),
    "coefficients/expression": ("float32", (79,)),
    "pose/euler": ("float32", (3,)),
    "pose/rotation": ("float32", (3, 3)),
    "pose/translation": ("float32", (2,)),
    "pose/scale": ("float32", ()),
    "pose/camera": ("float32", (3, 4)),
    "landmarks/model": ("float32", (68, 3)),
    "landmarks/image": ("float32", (68, 3)),
    "landmarks/facing": ("float32", (68,)),
    "mesh/bounds": ("float32", (2, 3)),
    "mesh/image_bounds": ("float32", (2, 3)),
    "mesh/centroid": ("float32", (3,)),
    "mesh/points": ("float32", (512, 3)),
}


def test_the_promised_features():
    assert {feature.name: (feature.kind, feature.shape) for feature in schema(Contents(512))} == EXPECTED


def test_no_points_leave_the_feature_out():
    assert {feature.name for feature in schema(Contents(0))} == set(EXPECTED) - {"mesh/points"}


def test_crops_add_their_box_and_say_whose_the_numbers_are():
    features = {feature.name: feature for feature in schema(Contents(0, cropped=True))}
    assert set(features) == set(EXPECTED) - {"mesh/points"} | {"crop/box", "crop/valid"}
    assert not any("as in the file" in features[name].meaning for name in ("image", "pose/translation", "pose/scale"))


@pytest.mark.parametrize("points", [-1, 53216])
def test_points_are_of_the_mesh(points):
    with pytest.raises(ValueError, match=str(points)):
        schema(Contents(points))


def test_originals_have_what_the_others_have_and_more():
    extra = ORIGINAL.schema(Contents(512))[len(EXPECTED) :]
    assert ORIGINAL.schema(Contents(512)) == COARSE.schema(Contents(512)) + extra == schema(Contents(512)) + extra
    assert {feature.name: feature.shape for feature in extra} == {"lighting": (3, 9), "albedo": (100,)}
