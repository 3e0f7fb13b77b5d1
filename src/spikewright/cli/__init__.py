"""The command line: words become objects, one call does the work, the result is printed."""

from spikewright.cli._app import main

__all__ = ["main"]
