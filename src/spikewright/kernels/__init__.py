"""Compiled loops, each beside its readable reference, which is its specification."""

import lazy_loader

# A kernel's file, and numba with the first of them, loads when it is first used; the list of names is in the stub.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
