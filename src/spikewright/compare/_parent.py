"""A worker ends when the comparison that started it does, even if that was killed."""

from __future__ import annotations

import os
import threading
import time

_NAME = "spikewright-watch-parent"
_SECONDS_BETWEEN_LOOKS = 0.5


def end_with(parent: int) -> None:
    """End this process soon after its parent has ended, at once if it has already; do nothing in ``parent`` itself.

    Workers of joblib that outlive a killed comparison would go on, then wait for minutes and hold their memory. To end
    at any moment is safe: a cell is written whole or not at all, and its fit goes on from the last checkpoint.
    """
    if os.getpid() == parent or any(thread.name == _NAME for thread in threading.enumerate()):
        return
    threading.Thread(target=_watch, args=(parent,), name=_NAME, daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    # Not sys.exit, which ends a thread only.
    os._exit(1)
