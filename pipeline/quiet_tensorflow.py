"""Imports TensorFlow without the screen of notices that it greets with."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Imports TensorFlow; what it prints is shown only where the import fails.

    The notices come from native code, some of them before any setting of a level is looked at, so the
    file descriptor itself is turned away for as long as the import lasts.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as notices:
        os.dup2(notices.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except ImportError:
            notices.seek(0)
            os.write(screen, notices.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
