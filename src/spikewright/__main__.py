"""``python -m spikewright`` is the command ``spikewright``."""

from spikewright.cli import main

main()
