"""Versions of the packages that the bytes of a record may depend on."""

from importlib.metadata import version

PACKAGES = (
    "threedface",
    "numpy",
    "pillow",
    "simplejpeg",
    "isal",
    "numba",
    "scipy",
    "h5py",
    "apache-beam",
    "tensorflow-datasets",
)


def installed_versions() -> dict[str, str]:
    """The versions in this environment, by package."""
    return {package: version(package) for package in PACKAGES}


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
