"""``python -m spikewright`` is the command ``spikewright``."""

from spikewright.cli import main

# Worker processes import this module again.
if __name__ == "__main__":
    main()
