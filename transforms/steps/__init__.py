"""The Beam steps that a chunk of samples goes through, in this order.

Chunks hands them out; Read, Pose, Decode, Landmarks, Crop (where asked for), Depth (of FineData), Maps
(where asked for), Encode, WritePart work on chunks; Assemble on shards. Listed hands out what a file lists.
Each is a dataclass of settings over the pure modules of ``transforms``. Depth and Maps are imported
where they are used: they load scipy and numba, 0.3 s and 100 MiB that other runs can do without.
"""

from transforms.steps.assemble import Assemble
from transforms.steps.chunks import Chunks
from transforms.steps.crop import Crop
from transforms.steps.decode import Decode
from transforms.steps.encode import Encode
from transforms.steps.landmarks import Landmarks
from transforms.steps.listed import Listed
from transforms.steps.pose import Pose
from transforms.steps.read import Read
from transforms.steps.write_part import WritePart

__all__ = ["Assemble", "Chunks", "Crop", "Decode", "Encode", "Landmarks", "Listed", "Pose", "Read", "WritePart"]
