"""Spikewright: train deep spiking neural networks by every method the field has, and compare what each costs."""

from importlib.metadata import version

import lazy_loader

# Rooms load when they are first used; the list of names is in the stub, for readers and type checkers alike.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = version("spikewright")
