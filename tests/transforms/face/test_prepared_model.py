import numpy as np

from transforms.face.face_model import FaceModel
from transforms.face.indices import VERTICES
from transforms.face.prepared_model import find_prepared, open_prepared, prepare


def test_blocks_hold_the_model_in_vertex_order(raw, prepared_model):
    model = FaceModel.load(raw.bfm, raw.expression)
    blocks = list(prepared_model.blocks())
    assert [block.start for block in blocks][:2] == [0, 128] and blocks[-1].stop == VERTICES
    for block in (blocks[0], blocks[17], blocks[-1]):
        span = np.minimum(np.arange(block.start, block.start + 128), VERTICES - 1)  # the last vertex fills the last
        np.testing.assert_array_equal(block.mean.reshape(3, -1).T, model.mean[span].astype(np.float32))
        identity = model.identity_basis.reshape(VERTICES, 3, 100)[span]
        np.testing.assert_array_equal(block.identity.reshape(100, 3, -1), identity.transpose(2, 1, 0))
        expression = model.expression_basis.reshape(79, VERTICES, 3)[:, span]
        np.testing.assert_array_equal(block.expression.reshape(79, 3, -1), expression.transpose(0, 2, 1))


def test_is_memory_mapped(prepared_model):
    assert isinstance(prepared_model.values, np.memmap)


def test_is_prepared_once_for_the_same_contents(raw, prepared_folder, model_cache, tmp_path):
    written = (prepared_folder / "blocks.npy").stat().st_mtime_ns
    copy = tmp_path / "another name.mat"
    copy.symlink_to(raw.bfm)
    assert prepare(copy, raw.expression, model_cache).folder == prepared_folder
    assert (prepared_folder / "blocks.npy").stat().st_mtime_ns == written


def test_other_contents_are_prepared_anew(raw, prepared_folder, model_cache, tmp_path):
    expression = bytearray(raw.expression.read_bytes())
    expression[4:8] = np.float32(1.5).tobytes()  # of the mean expression
    changed = tmp_path / "Exp_Pca.bin"
    changed.write_bytes(expression)
    folder = prepare(raw.bfm, changed, tmp_path / "cache").folder
    assert folder.name != prepared_folder.name
    assert open_prepared(folder).mean[0, 0] != open_prepared(prepared_folder).mean[0, 0]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_it_is_found_by_the_files_it_was_made_from(raw, prepared_folder, model_cache, tmp_path):
    files = prepare(raw.bfm, raw.expression, model_cache).files
    found = find_prepared(files, model_cache)
    assert found is not None and found.values.filename == prepared_folder / "blocks.npy"
    assert find_prepared(files, tmp_path) is None
    assert find_prepared(files | {"identity": {"file": "other.mat", "sha256": "0"}}, model_cache) is None
