"""``python -m pipeline`` is the same program as ``threedface``."""

from pipeline.cli import run

if __name__ == "__main__":
    run()
