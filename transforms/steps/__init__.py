"""The Beam steps that a chunk of samples goes through, in this order.

Shards hands out the shards. Read yields the chunks of each; Pose, Decode, Landmarks, Crop (optional), Depth (of
FineData), Maps (optional) and Encode work on chunks; WriteShard writes each shard. A step is a dataclass of settings
over the pure modules of ``transforms``. Crop, Depth and Maps, and the loops of Decode, are imported where they are
used: they load scipy and numba, which the process that starts a run does without.
"""

from transforms.steps.face import Decode, Landmarks, Pose
from transforms.steps.read import Read, Shards
from transforms.steps.write import Encode, WriteShard

__all__ = ["Decode", "Encode", "Landmarks", "Pose", "Read", "Shards", "WriteShard"]
