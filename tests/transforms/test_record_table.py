"""The record table of transforms/README.md is that of the schema. Run as a program, this prints the table."""

import re
from pathlib import Path

from transforms.depth.fine import FineSettings, fine_configuration
from transforms.depth.layout import DepthLayout, Layout
from transforms.raw.configurations import ORIGINAL
from transforms.records.schema import Contents, Feature, schema

README = Path(__file__).parents[2] / "transforms" / "README.md"


def fine_features(storage: str) -> tuple[Feature, ...]:
    depth = DepthLayout(encoding="png16", shape=None, invalid=(0.0,), scale=1.0, larger="nearer", rows="down")
    layout = Layout(
        name="fine.toml",
        picture="{source}_{k}.jpg",
        depth_file="{source}_{k}.png",
        normals="{source}_{k}_normal.png",
        depth=depth,
    )
    return fine_configuration(FineSettings(layout, storage, normals=True, originals=True)).extra


def record_table() -> str:
    """All features that a record can have, with the condition under which it has them."""
    always = schema(Contents(512))
    groups = [("", always), ("originals", ORIGINAL.extra), ("FineData", fine_features("png16"))]
    groups += [("FineData, `--depth_storage float32`", [f for f in fine_features("float32") if f.kind == "depth32"])]
    groups += [("`--image_size`", schema(Contents(512, cropped=True))[len(always) :])]
    maps = [f for name in ("depth", "normals", "pncc", "mask") for f in schema(Contents(512, maps=(name,)))[-2:]]
    groups += [("`--maps`", tuple(dict.fromkeys(maps)))]
    lines = ["| feature | shape | type | unit | meaning | present with |", "|---|---|---|---|---|---|"]
    for condition, features in groups:
        for feature in features:
            shape = ", ".join("?" if size is None else str(size) for size in feature.shape)
            cells = (
                f"`{feature.name}`",
                f"({shape})",
                feature.kind,
                feature.unit,
                feature.meaning.replace("<", "&lt;"),
                condition,
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def test_the_readme_has_the_table_of_the_schema():
    (table,) = re.findall(r"<!-- record -->\n(.*?)\n<!-- /record -->", README.read_text("utf-8"), re.DOTALL)
    assert table == record_table(), "print the table with: python tests/transforms/test_record_table.py"


if __name__ == "__main__":
    print(record_table())
