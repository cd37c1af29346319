"""Data of collections as lazy cubes: the generated world, and real rasters.

Heavy: only the workers come here. `load` is the way in. `world` computes cubes from
`ground` (land cover, height) and `weather` through one module per kind of product;
`acquisitions` knows the dates, `extents` and `grid` the place and the pixels.
"""

from backends.scenes.collections import load

__all__ = ["load"]
