"""Raw data large enough to be killed in the middle of."""

from pathlib import Path


def many_sources(dataset: Path, folder: Path, copies: int) -> Path:
    """Fills a folder with each source of the demo's CoarseData under several names; gives the folder."""
    for source in sorted((dataset / "CoarseData").iterdir()):
        for copy in range(copies):
            name = f"{source.name}_{copy}"
            (folder / name).mkdir()
            for path in source.glob("*_aug_?.*"):
                (folder / name / path.name.replace(source.name, name)).symlink_to(path)
    return folder
