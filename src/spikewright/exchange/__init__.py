"""Exchange: networks to and from files."""

from spikewright.exchange._file import load, load_notes, save
from spikewright.exchange._values import decode, encode

__all__ = ["decode", "encode", "load", "load_notes", "save"]
