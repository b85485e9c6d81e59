"""Distribution of threedface."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="threedface",
    version="0.2.0",
    description="An Apache Beam pipeline from the 3DFace data set (Guo et al. 2019) to sharded TFRecords",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="threedface contributors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["3D face reconstruction", "3D Morphable Model", "Basel Face Model", "Apache Beam", "TFRecord"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["pipeline", "pipeline.*", "transforms", "transforms.*"]),
    package_data={
        "pipeline": ["py.typed", "report/*.css", "report/*.jinja", "report/*.js"],
        "transforms": ["face/data/*.txt", "depth/layouts/*.toml", "py.typed"],
    },
    install_requires=[
        "apache-beam>=2.69,<2.78",  # the newest tried: engines and worker pool use private parts of it
        "fsspec>=2026.3",
        "google-crc32c>=1.7",
        "h5py>=3.11",
        "jinja2>=3.1",
        "matplotlib>=3.9",
        "numba>=0.61",
        "numpy>=1.26",
        "pillow>=10.4",
        "protobuf>=6.31.1",  # what TFDS's tensorflow-metadata is generated for, though it does not say so
        "scipy>=1.13",
        "simplejpeg>=1.8",
        "tensorflow>=2.20",
        "tensorflow-datasets>=4.9.9",
        "threadpoolctl>=3.5",
        "tqdm>=4.66",
        "zlib-ng>=1.0",
    ],
    extras_require={
        "exr": ["OpenEXR>=3.5"],  # the first that reads from memory
        "gcp": ["apache-beam[gcp]", "gcsfs>=2026.3"],  # Dataflow needs Beam's extra
        "aws": ["s3fs>=2026.3"],  # the first that reads an object by one request
        "azure": ["adlfs>=2026.2"],
        # For tests and benchmarks of reading, the versions they were run with. PyTorch brings 5 GB of CUDA.
        "frameworks": [
            "grain>=0.2.18",
            "jax>=0.10.2",
            "mlcroissant>=1.1.1",
            "tfrecord>=1.14.6",
            "torch>=2.15",
            "torchdata>=0.11",
        ],
        "test": [
            "OpenEXR>=3.5",
            "apache-beam[gcp]",
            "gcp-storage-emulator>=2026.7",
            "gcsfs>=2026.3",
            "hypothesis>=6.100",
            "moto[s3,server]>=5.1",
            "mypy>=1.15",
            "playwright>=1.60",
            "pytest>=8.2",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.11",
            "s3fs>=2026.3",
        ],
    },
    entry_points={
        "console_scripts": [
            "threedface = pipeline.cli:run",
            "threedface-worker = pipeline.engines.process_worker:main",
        ],
    },
)
