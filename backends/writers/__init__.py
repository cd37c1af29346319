"""Results as files: rasters, pictures, tables and features.

Heavy: only the workers come here. `save` is the way in; `cubes` reads what is to be
saved, and there is one module per format. Which formats and options exist stands in
`backends.formats`.
"""

from backends.formats import SavedAsset
from backends.writers.saving import save

__all__ = ["SavedAsset", "save"]
