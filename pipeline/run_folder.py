"""The folder of a run: unfinished under one name, and under its final one only when it is whole."""

import shutil
from pathlib import Path

from transforms.errors import UserError

_UNFINISHED, _TOO_MANY = ".unfinished", ".too_many_rejected"


class RunFolder:
    """Folders of one conversion.

    Attributes:
        final: where the finished conversion stands.
        unfinished: where it is made.
        too_many: where it stands when more samples were rejected than allowed.
        plan: the plan file.
        parts: the folder of part files.
        log: what worker processes print.
    """

    def __init__(self, final: Path) -> None:
        """Takes the final folder."""
        self.final = final
        self.unfinished = final.with_name(final.name + _UNFINISHED)
        self.too_many = final.with_name(final.name + _TOO_MANY)
        self.plan = self.unfinished / "plan.jsonl"
        self.parts = self.unfinished / "parts"
        self.log = self.unfinished / "workers.log"

    def start(self, overwrite: bool) -> None:
        """Makes the folder of the unfinished run.

        Raises:
            UserError: another run's folder is there and may not be replaced, or it cannot be made.
        """
        others = [folder for folder in (self.final, self.unfinished, self.too_many) if folder.exists()]
        if others and not overwrite:
            raise UserError(f"{others[0]}: holds another run; name another --output, or replace it with --overwrite")
        try:
            for folder in others:
                shutil.rmtree(folder)
            self.parts.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"{error.filename}: cannot be written ({error.strerror}); name another --output") from None

    def close(self, accepted: bool) -> Path:
        """Gives the finished run its final name, after what only the run itself needed is gone."""
        shutil.rmtree(self.parts)
        self.plan.unlink()
        self.log.unlink(missing_ok=True)
        folder = self.final if accepted else self.too_many
        self.unfinished.rename(folder)
        return folder
