"""Formats as `/file_formats` shows them: their description and their options.

Light: tables of the API's file format objects, read by `backends.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

COLORMAPS: Final = ("gray", "viridis", "redyellowgreen", "terrain", "bluered")

_PREFIX: Final = {
    "type": "string",
    "description": "Beginning of the names of the files: letters, digits, `_` and `-`.",
    "pattern": "^[A-Za-z0-9_-]{1,64}$",
    "default": "openEO",
}

_LEVEL: Final = {"type": "integer", "minimum": 0, "maximum": 9, "default": 4}
_BANDS_AS_VARIABLES: Final = {
    "type": "boolean",
    "description": "Whether each band is a variable of its own; otherwise all "
    "stand in one variable `data` with a dimension for the bands.",
    "default": True,
}

_SCALING: Final[Mapping[str, Mapping[str, Any]]] = {
    "scale_min": {
        "type": ["number", "null"],
        "description": "Value shown darkest. By default the 2nd percentile.",
        "default": None,
    },
    "scale_max": {
        "type": ["number", "null"],
        "description": "Value shown brightest. By default the 98th percentile.",
        "default": None,
    },
    "colormap": {
        "type": "string",
        "description": "Colors of a picture of one band.",
        "enum": list(COLORMAPS),
        "default": "gray",
    },
    "max_size": {
        "type": "integer",
        "description": "Longest side of the picture in pixels; larger data cubes are thinned out.",
        "minimum": 1,
        "maximum": 8192,
        "default": 2048,
    },
}

OUTPUT_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "GTiff": {
            "title": "GeoTIFF (cloud-optimised)",
            "description": "One cloud-optimised GeoTIFF per date with all bands and the whole "
            "extent in it. Bands carry their names as descriptions, and their statistics.",
            "gis_data_types": ["raster"],
            "parameters": {
                "compress": {
                    "type": "string",
                    "description": "Compression of the tiles, without loss.",
                    "enum": ["DEFLATE", "ZSTD", "LZW", "NONE"],
                    "default": "DEFLATE",
                },
                "blocksize": {
                    "type": "integer",
                    "description": "Width and height of the tiles in pixels.",
                    "enum": [128, 256, 512],
                    "default": 512,
                },
                "overviews": {
                    "type": "string",
                    "description": "How overviews are made; `none` writes none.",
                    "enum": ["nearest", "average", "bilinear", "cubic", "mode", "none"],
                    "default": "nearest",
                },
                "dtype": {
                    "type": "string",
                    "description": "Data type of the file. `auto` keeps that of the data "
                    "cube. Values are rounded and cut off where an integer type demands it.",
                    "enum": ["auto", "uint8", "int16", "uint16", "int32", "float32", "float64"],
                    "default": "auto",
                },
                "nodata": {
                    "type": ["number", "null"],
                    "description": "Value that stands for no data. By default NaN in files of "
                    "floating-point numbers; where numbers become integers of `dtype`, 0 if "
                    "it is unsigned and its least value otherwise.",
                    "default": None,
                },
                "filename_prefix": _PREFIX,
            },
            "links": [
                {
                    "href": "https://gdal.org/drivers/raster/cog.html",
                    "rel": "about",
                    "title": "GDAL on cloud-optimised GeoTIFF",
                }
            ],
        },
        "netCDF": {
            "title": "Network Common Data Form (netCDF-4)",
            "description": "The whole data cube in one file that follows the CF conventions, "
            "chunked and compressed; each band is a variable. The attribute "
            "`openeo_dimensions` describes the dimensions of the data cube, and `openeo_cube` "
            "all that it takes to load the very same data cube again.",
            "gis_data_types": ["raster", "vector"],
            "parameters": {
                "compression_level": {
                    **_LEVEL,
                    "description": "Strength of the compression; 0 is none.",
                },
                "bands_as_variables": _BANDS_AS_VARIABLES,
                "filename_prefix": _PREFIX,
            },
            "links": [
                {
                    "href": "https://cfconventions.org/",
                    "rel": "about",
                    "title": "CF Metadata Conventions",
                }
            ],
        },
        "PNG": {
            "title": "Portable Network Graphics (PNG)",
            "description": "A picture of the first date: the first three bands as red, green "
            "and blue, or the first band in shades of a color map. No data is transparent. "
            "The picture has no coordinates.",
            "gis_data_types": ["raster"],
            "parameters": {**_SCALING, "filename_prefix": _PREFIX},
        },
        "JPEG": {
            "title": "JPEG",
            "description": "A picture of the first date as in PNG, compressed with losses: the "
            "first three bands as red, green and blue, or the first band in shades of a color "
            "map. No data is black. The picture has no coordinates.",
            "gis_data_types": ["raster"],
            "parameters": {
                **_SCALING,
                "quality": {
                    "type": "integer",
                    "description": "From coarse and small to fine and large.",
                    "minimum": 1,
                    "maximum": 95,
                    "default": 85,
                },
                "filename_prefix": _PREFIX,
            },
        },
        "JSON": {
            "title": "JavaScript Object Notation (JSON)",
            "description": "Values, dimensions and labels of a data cube, or any other value "
            "as it is. No data is null.",
            "gis_data_types": ["raster", "vector", "table", "other"],
            "parameters": {"filename_prefix": _PREFIX},
        },
        "CSV": {
            "title": "Comma-separated values (CSV)",
            "description": "A table with a row for each combination of labels of all "
            "dimensions but the bands, and a column for each dimension and each band (`value` "
            "where there are no bands). No data is an empty field. Meant for time series and "
            "aggregates.",
            "gis_data_types": ["raster", "vector", "table"],
            "parameters": {
                "geometry": {
                    "type": "string",
                    "description": "How geometries are written: as WKT, or only as the number "
                    "of the geometry, from 0.",
                    "enum": ["index", "wkt"],
                    "default": "index",
                },
                "separator": {
                    "type": "string",
                    "description": "What stands between fields.",
                    "enum": [",", ";", "\t"],
                    "default": ",",
                },
                "filename_prefix": _PREFIX,
            },
        },
        "GeoJSON": {
            "title": "GeoJSON",
            "description": "A feature for each geometry of a vector data cube, in WGS84. The "
            "values are properties named by their labels of the other dimensions, such as "
            "`2021-07-01_B04` (`value` where there are no others). No data is null.",
            "gis_data_types": ["vector"],
            "parameters": {"filename_prefix": _PREFIX},
            "links": [
                {
                    "href": "https://www.rfc-editor.org/rfc/rfc7946",
                    "rel": "about",
                    "title": "The GeoJSON format",
                }
            ],
        },
        "Parquet": {
            "title": "(Geo)Parquet",
            "description": "A table as in CSV, in columns with types; geometries of a vector "
            "data cube stand in the column `geometry` as in GeoParquet, in their own "
            "coordinate reference system.",
            "gis_data_types": ["vector", "table"],
            "parameters": {
                "compression": {
                    "type": "string",
                    "description": "Compression of the columns, without loss.",
                    "enum": ["zstd", "snappy", "gzip", "none"],
                    "default": "zstd",
                },
                "filename_prefix": _PREFIX,
            },
            "links": [{"href": "https://geoparquet.org/", "rel": "about", "title": "GeoParquet"}],
        },
        "Zarr": {
            "title": "Zarr (one zip archive)",
            "description": "The whole data cube as a consolidated Zarr store of version 2 in "
            "one uncompressed zip archive, which readers of Zarr open as it is; variables and "
            "attributes as in netCDF.",
            "gis_data_types": ["raster", "vector"],
            "parameters": {
                "compression_level": {
                    **_LEVEL,
                    "description": "Strength of the compression (Zstandard); 0 is none.",
                },
                "bands_as_variables": _BANDS_AS_VARIABLES,
                "filename_prefix": _PREFIX,
            },
            "links": [{"href": "https://zarr.dev/", "rel": "about", "title": "Zarr"}],
        },
    }
)
"""Official format name -> description as in the API's file format objects."""

INPUT_FORMATS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "GeoJSON": {
            "title": "GeoJSON",
            "description": "Geometries in WGS84; properties that are numbers become values.",
            "gis_data_types": ["vector"],
            "parameters": {},
        },
        "GTiff": {
            "title": "GeoTIFF",
            "description": "One raster; its bands are named by their descriptions.",
            "gis_data_types": ["raster"],
            "parameters": {},
        },
        "netCDF": {
            "title": "netCDF",
            "description": "Rasters with CF conventions, each variable a band; and data cubes of "
            "any kind, vector cubes too, that were saved as netCDF with the attribute "
            "`openeo_cube`: they are the same again.",
            "gis_data_types": ["raster", "vector"],
            "parameters": {},
        },
    }
)
"""What `load_url` and `load_uploaded_files` read: description as in the API."""
