"""A conversion described for people and for catalogues: a data card and Croissant metadata, from its manifest.

`README.md` is a dataset card with the metadata of the Hugging Face Hub
(https://huggingface.co/docs/hub/datasets-cards). `croissant.json` conforms to Croissant 1.1 and its vocabulary for
responsible AI (https://docs.mlcommons.org/croissant); it has no record sets, as Croissant does not read TFRecord.
Both depend on the manifest only, so they have the same bytes wherever and whenever a run is finished.
"""

import json
from bisect import bisect
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.run.conversions import manifest_features
from pipeline.run.run_files import CARD, CROISSANT, MANIFEST, REJECTED
from pipeline.run.summary import human_bytes
from transforms.records.schema import Feature, Kind

HOMEPAGE = "https://github.com/Juyong/3DFace"
LICENSE = "Research use only; the data set and the Basel Face Model have licences of their own."
CITATION = """@article{guo2019cnn,
  title={{CNN}-Based Real-Time Dense Face Reconstruction with Inverse-Rendered Photo-Realistic Face Images},
  author={Guo, Yudong and Zhang, Juyong and Cai, Jianfei and Jiang, Boyi and Zheng, Jianmin},
  journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume={41}, number={6}, pages={1294--1307}, year={2019}
}"""

_AUTHORS = ("Yudong Guo", "Juyong Zhang", "Jianfei Cai", "Boyi Jiang", "Jianmin Zheng")
_PUBLISHED = "2019-06-01"  # issue of the article in CITATION; a date of the run would differ between equal runs
_300W = "https://ibug.doc.ic.ac.uk/resources/300-W/"
_BFM = "https://faces.dmi.unibas.ch/bfm/"
_TFRECORD = "https://www.tensorflow.org/tutorials/load_data/tfrecord"  # there is no media type

_NAMES = {
    "coarse": "CoarseData, augmented photographs with coefficients and pose",
    "original": "originals, photographs with coefficients, pose, lighting and albedo",
    "fine": "FineData, augmented photographs with depth maps",
}
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "n>1B")
_TAGS = ("3d-face-reconstruction", "3d-morphable-model", "basel-face-model", "face-alignment", "head-pose", "tfrecord")

_KINDS: dict[Kind, str] = {
    "image": "the bytes of a JPEG or PNG file, 8 bits a channel",
    "depth16": "a PNG of 16 bits, v: px = t[0] v + t[1], where t is `<name>_transform`; v = 0 is none",
    "depth32": "float32 px as a PNG of four channels, as TFDS stores it; NaN is none",
    "normals8": "a PNG, v: v / 127.5 - 1; (0, 0, 0) is none",
    "codes8": "a PNG, v: v / 255; (0, 0, 0) is none",
    "mask8": "a PNG, 255 where the face is, else 0",
}

# Of the data set as its authors distribute it.
_DEMO = "The output of `threedface demo` is the exception: its faces are synthetic, and show nobody."
_ORIGIN = {
    "coarse": "Synthetic augmentation by inverse rendering: the face of each photograph was rendered anew, 30 times, "
    "with other poses and expressions.",
    "original": "The photographs are not augmented.",
    "fine": "Synthetic augmentation by inverse rendering: fine details of other faces were transferred to each "
    "photograph, 30 times. Coefficients and pose, where present, are those of the photograph before augmentation.",
}
_FITTED = (
    "The authors fitted the face model to each photograph by inverse rendering; no face was measured by a 3D scanner."
)
_WEB = (
    "The photographs are those of 300-W (AFW, HELEN, LFPW and iBUG), which were found on the web: whom they show, and "
    "on which occasions, follows from these collections. Age, gender and origin are not labelled: their shares are "
    "not known."
)
_SCANS = (
    "The Basel Face Model 2009 was made from scans of 200 people, most of them Europeans, 25 years old on average: it "
    "may describe other faces less well."
)
_FEW_PEOPLE = "All augmentations of a photograph show the same person: there are far fewer people than samples."
_LIMITS = (
    "Coefficients were fitted to single photographs: they, and all that is computed from them (landmarks, mesh, maps), "
    "are estimates, no ground truth.",
    "The camera is scaled orthographic, without perspective.",
    "The splits separate photographs, not people: a person who is in two photographs may be in two splits.",
)
_PEOPLE = (
    "The pictures show faces of people, by which they can be recognised, and from which age, gender and origin may be "
    "guessed. There are no names, and no record of consent."
)
_USES = (
    "Research on 3D face reconstruction, face alignment and head pose.",
    "Not for commercial use, which the authors of the data set prohibit; not intended for recognising people.",
)

# The standard's context, which readers expect as a whole.
_ALIASES = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source subField transform"
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _ALIASES.split()},
}


def describe_conversion(manifest: dict[str, Any]) -> dict[str, str]:
    """The text of the data card and of the Croissant metadata of a conversion, by file name.

    Args:
        manifest: of the conversion.
    """
    return {CARD: _card(manifest), CROISSANT: json.dumps(_croissant(manifest), indent=1) + "\n"}


def _biases(config: str) -> list[str]:
    return [_WEB, _SCANS, *([] if config == "original" else [_FEW_PEOPLE])]


def _processing(manifest: dict[str, Any]) -> str:
    counts = manifest["samples"]
    return (
        f"checked each file, left out {counts['rejected']:,} of {counts['planned']:,} samples as unusable, and decoded "
        f"coefficients and pose with the Basel Face Model 2009 ({_BFM})"
    )


def _card(manifest: dict[str, Any]) -> str:
    config = manifest["config"]
    features = manifest_features(manifest)
    sizes = list(manifest["image_sizes"])
    split = "train" if "train" in manifest["splits"] else next(iter(manifest["splits"]))
    pictures = f"of {sizes[0]} px (height x width)" if len(sizes) == 1 else f"of {len(sizes)} sizes"
    return f"""{_front_matter(manifest, features)}
# 3DFace: {_NAMES[config]}

{manifest["description"]}

{manifest["samples"]["written"]:,} samples as TFRecord, with pictures {pictures}, written by
`threedface convert --config {config}`. `{REJECTED}` lists the samples that could not be used, and `{MANIFEST}` has
the options, versions, statistics, and the checksum of each file.

## Splits

| split | samples | shards | size |
|---|---|---|---|
{_lines(_split_row(name, entry) for name, entry in manifest["splits"].items())}

All samples of a source are in one split.

## Features

| feature | shape | type | unit | meaning |
|---|---|---|---|---|
{_lines(map(_feature_row, features))}

`?` is a size of the picture's own.

{_items(f"`{kind}`: {text}." for kind, text in _KINDS.items() if kind in {feature.kind for feature in features})}

## Conventions

{_items(f"{name}: {text}." for name, text in manifest["conventions"].items())}

## Reading

`DIR` is the folder that holds `{_path(manifest)}`. TensorFlow:

```python
from pipeline import load

dataset = load("DIR", "{split}", config="{config}")
```

PyTorch, Grain and NumPy, by random access:

```python
from pipeline import open_records

records = open_records("DIR", "{split}", config="{config}")
```

TensorFlow Datasets, without `threedface`:

```python
import tensorflow_datasets as tfds

dataset = tfds.builder_from_directory("DIR/{_path(manifest)}").as_dataset(split="{split}")
```

## Provenance

What follows describes the data set as its authors distribute it. {_DEMO}

3DFace ({HOMEPAGE}) is made from 3,131 photographs of 300-W ({_300W}). {_FITTED} {_ORIGIN[config]}
`threedface` {_processing(manifest)}.

## Biases and limitations

{_items([*_biases(config), *_LIMITS])}

## People

{_PEOPLE}

## Uses and licence

{_items(_USES)}

{LICENSE} 300-W has its own licence, too. Neither pictures nor face model come with `threedface`.

## Citation

```bibtex
{CITATION}
```
"""


def _front_matter(manifest: dict[str, Any], features: tuple[Feature, ...]) -> str:
    """The metadata of the Hub, in YAML."""
    depth = any(feature.kind in ("depth16", "depth32") for feature in features)
    lists = {
        "task_categories": ("image-to-3d", "keypoint-detection", *(["depth-estimation"] if depth else [])),
        "annotations_creators": ("machine-generated",),
        "source_datasets": ("extended",),
        "size_categories": (_SIZES[bisect([10**power for power in range(3, 10)], manifest["samples"]["written"])],),
        "tags": _TAGS,
    }
    return f"""---
pretty_name: "3DFace: {_NAMES[manifest["config"]]}"
license: other
license_name: research-only
license_link: LICENSE
{_lines(line for name, values in lists.items() for line in (f"{name}:", *(f"- {value}" for value in values)))}
viewer: false
---
"""


def _split_row(name: str, entry: Mapping[str, Any]) -> str:
    size = human_bytes(sum(shard["bytes"] for shard in entry["shards"]))
    return f"| {name} | {entry['samples']:,} | {len(entry['shards']):,} | {size} |"


def _feature_row(feature: Feature) -> str:
    shape = ", ".join("?" if size is None else str(size) for size in feature.shape)
    meaning = feature.meaning.replace("<", "&lt;")
    return f"| `{feature.name}` | ({shape}) | {feature.kind} | {feature.unit} | {meaning} |"


def _path(manifest: dict[str, Any]) -> str:
    return f"{manifest['name']}/{manifest['config']}/{manifest['version']}"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _items(texts: Iterable[str]) -> str:
    return _lines(f"- {text}" for text in texts)


def _croissant(manifest: dict[str, Any]) -> dict[str, Any]:
    config = manifest["config"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"{manifest['name']}-{config}",
        "description": manifest["description"],
        "version": manifest["version"],
        "url": HOMEPAGE,
        "license": [
            {"@type": "sc:CreativeWork", "name": "3DFace: research use only", "url": f"{HOMEPAGE}#license"},
            {"@type": "sc:CreativeWork", "name": "300-W: research use only", "url": _300W},
            {"@type": "sc:CreativeWork", "name": "Licence of the Basel Face Model", "url": _BFM},
        ],
        "creator": [{"@type": "sc:Person", "name": name} for name in _AUTHORS],
        "datePublished": _PUBLISHED,
        "citeAs": CITATION,
        "keywords": list(_TAGS),
        "prov:wasDerivedFrom": [{"@id": HOMEPAGE}, {"@id": _300W}],
        "rai:dataCollection": f"Photographs of 300-W, which were found on the web. {_ORIGIN[config]}",
        "rai:dataCollectionType": "Secondary Data analysis",
        "rai:dataCollectionRawData": "3,131 photographs of 300-W",
        "rai:dataPreprocessingProtocol": f"threedface {_processing(manifest)}.",
        "rai:dataAnnotationProtocol": _FITTED,
        "rai:dataBiases": _biases(config),
        "rai:dataLimitations": list(_LIMITS),
        "rai:personalSensitiveInformation": [_PEOPLE, _DEMO],
        "rai:dataUseCases": list(_USES),
        "distribution": [_file_object(shard) for entry in manifest["splits"].values() for shard in entry["shards"]],
    }


def _file_object(shard: Mapping[str, Any]) -> dict[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": shard["file"],
        "name": shard["file"],
        "contentUrl": shard["file"],
        "contentSize": f"{shard['bytes']} B",
        "encodingFormat": _TFRECORD,
        "sha256": shard["sha256"],
    }
