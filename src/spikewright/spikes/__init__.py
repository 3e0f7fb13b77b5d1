"""Events and rasters: the two ways to write spikes down."""

from spikewright.spikes._events import Events, from_raster, to_raster

__all__ = ["Events", "from_raster", "to_raster"]
