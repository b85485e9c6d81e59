"""A change to the bytes of a conversion raises the format version: an unfinished run of before must not be resumed."""

import base64
import dataclasses
import hashlib

import numpy as np

from pipeline.demo.model_files import write_exp_pca, write_mat
from transforms.face.indices import kept_vertices
from transforms.records.versions import FORMAT_VERSION

# SHA-256 of the shard below, by format version. Where it changes, raise the version and add the new digest.
DIGEST = "21f87002857c6212f761a900bc2b62f949ddfe9ffe09486a915725ee4ef2ddfa"
# 2: by default in other shards; 3: with an index; 4: other roundings, and a manifest of all files
DIGESTS = dict.fromkeys(range(1, 5), DIGEST)

# 16 x 16 pixels; a file, not what Pillow makes, as that changes with its version.
PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeX"
    "BkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQ"
    "ABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAABf/EAB"
    "QRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/ALADyj//2Q=="
)


def exact(model):
    """A model of whole numbers of 1.024 mm with one vertex per component: its sums are exact in any order."""

    def unit_columns(rows, columns):
        basis = np.zeros((rows, columns), np.float32)
        basis[3 * kept_vertices()[100 * np.arange(columns)], np.arange(columns)] = 1
        return basis

    rows = len(model.mean)
    return dataclasses.replace(
        model,
        mean=np.round(model.mean / 1024) * np.float32(1024),
        identity_basis=unit_columns(rows, 199),
        expression_mean=np.zeros(rows, np.float32),
        expression_basis=unit_columns(rows, 79),
    )


def test_the_bytes_of_a_conversion_are_those_of_the_format_version(tmp_path, synthetic_model, threedface):
    model = exact(synthetic_model)
    write_mat(model, tmp_path / "bfm.mat")
    write_exp_pca(model, tmp_path / "Exp_Pca.bin")
    (tmp_path / "data").mkdir()
    for k in range(5):
        (tmp_path / f"data/a_1_aug_{k}.jpg").write_bytes(PICTURE)
        coefficients = 1024 * (np.arange(179) % 7 - 3) * k
        pose = [0, 0, 0, 8 + k, 8, 2**-14]
        (tmp_path / f"data/a_1_aug_{k}.txt").write_text(" ".join(map(str, [*coefficients, *pose])))
    # fmt: off
    done = threedface(
        "convert", "--input", tmp_path / "data", "--bfm", tmp_path / "bfm.mat", "--expression",
        tmp_path / "Exp_Pca.bin", "--output", tmp_path / "out", "--splits", "train=1", "--num_shards", 1,
        "--model_cache", tmp_path / "cache",
    )
    # fmt: on
    assert done.returncode == 0, done.stderr
    (shard,) = (tmp_path / "out").rglob("*-of-00001")
    assert hashlib.sha256(shard.read_bytes()).hexdigest() == DIGESTS[FORMAT_VERSION]
