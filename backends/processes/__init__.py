"""The room of the processes: one function per openEO process id.

Where openeo-processes-dask computes what the specification says its functions are used
(`mathematics`, `reducers`); the others are ours. Each is declared with `implements(id)` and
registered with its official definition in `backends.registry`.

Values: literals are Python's; `null` is None. A *field* is an array of pixels (NumPy or
dask) on which a callback works at once; its `null` is NaN. An array in openEO's sense is a
list, or an `Array` of fields (see `values`). Cubes are lazy `xarray.DataArray`s.
"""
