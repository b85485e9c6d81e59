"""Versions on which the bytes of a conversion may depend: the format's, and those of packages."""

from importlib.metadata import version

FORMAT_VERSION = 4  # raise it with each change to the bytes of the same conversion; tests/test_format_version.py checks

PACKAGES = (
    "threedface",
    "numpy",
    "pillow",
    "simplejpeg",
    "zlib-ng",
    "numba",
    "scipy",
    "h5py",
    "apache-beam",
    "tensorflow-datasets",
)


def installed_versions() -> dict[str, str]:
    """The package versions in this environment, by package."""
    return {package: version(package) for package in PACKAGES}


def byte_versions() -> dict[str, str]:
    """The versions that make two conversions the same: the format's in place of that of the program."""
    versions = installed_versions()
    del versions["threedface"]
    return {"format": str(FORMAT_VERSION), **versions}


def check_versions(planned: dict[str, str]) -> None:
    """Checks that this environment is like the one that planned the run; a worker's own may be another.

    Raises:
        RuntimeError: a package has another version here.
    """
    differing = [
        f"{package} {found}, planned {planned.get(package)}"
        for package, found in installed_versions().items()
        if found != planned.get(package)
    ]
    if differing:
        raise RuntimeError(
            f"this worker has other versions than the run was planned with: {'; '.join(differing)}; "
            "give the workers the packages of the environment that starts the run"
        )
