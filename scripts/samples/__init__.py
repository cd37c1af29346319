"""Makes the small rasters under `config/samples`, which a collection of real files reads."""
