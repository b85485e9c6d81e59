"""Conversions on processors of several kinds, as far as one can play the others: the same bytes."""

import pytest

FOLDER = "threedface/coarse/1.0.0"

# What NumPy, OpenBLAS, numba and the C library choose code by. Names that a version does not know do no harm.
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma,+bmi,+bmi2,+sse4.2",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F",
}
OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3 AVX512_ICL AVX512_SPR",
    "NUMBA_CPU_NAME": "generic",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512F",  # with FMA, without which a conversion takes minutes
}


@pytest.mark.slow
def test_all_processors_give_the_same_bytes(raw, convert, tmp_path):
    arguments = ("--image_size", 96, "--crop", "face", "--maps", "depth,normals,pncc,mask")
    shards = {}
    for name, environment in {"own": {}, "avx2": AVX2, "old": OLD}.items():
        source = raw.dataset / "CoarseData" / "afw_100_1"
        done = convert(source, tmp_path / name, *arguments, "--splits", "train=1", **environment)
        assert done.returncode == 0, done.stderr
        files = sorted((tmp_path / name / FOLDER).glob("*.tfrecord-*"))
        shards[name] = [path.read_bytes() for path in files]
    assert shards["own"] and shards["own"] == shards["avx2"] == shards["old"]
