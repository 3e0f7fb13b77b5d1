"""Files that are written whole or not at all."""

from spikewright.files._whole import remove_halves, write_whole

__all__ = ["remove_halves", "write_whole"]
