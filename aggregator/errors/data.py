"""Errors about collections and files."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from typing import Unpack

from aggregator.errors.base import Extras, OpenEOError, sentences


class CollectionNotFound(OpenEOError, status=404):
    """No backend knows the collection; `hint` may name similar ones."""

    def __init__(self, identifier: str, hint: str = "", **extras: Unpack[Extras]) -> None:
        said = f"There is no collection '{identifier}' in this federation."
        super().__init__(sentences(said, hint), **extras)


class StorageFailure(OpenEOError, status=500):
    """A file could not be stored."""

    wording = "The file could not be stored because of a fault of the server."


class StorageQuotaExceeded(OpenEOError, status=400):
    """The user's files fill the space there is."""

    wording = "Your files would take more space than you have. Delete some first."


class FileNotFound(OpenEOError, status=404):
    """The user has no such file."""

    def __init__(self, file: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"You have no file '{file}'.", **extras)


class FilePathInvalid(OpenEOError, status=400):
    """A path that cannot be used."""

    def __init__(self, reason: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"This path cannot be used for a file: {reason}", **extras)


class FileOperationUnsupported(OpenEOError, status=400):
    """This cannot be done with that path."""

    wording = "This operation cannot be done at the given path."


class FolderOperationUnsupported(OpenEOError, status=400):
    """A folder where a file is needed."""

    wording = "This operation works on files, and the path is a folder."


class ContentTypeInvalid(OpenEOError, status=400):
    """A body in a media type that is not read here."""

    def __init__(self, types: str, **extras: Unpack[Extras]) -> None:
        super().__init__(
            f"The media type of the body is not read here. Send one of: {types}", **extras
        )


class FileTypeInvalid(OpenEOError, status=400):
    """A file format that is not accepted."""

    def __init__(self, type_: str, types: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"Files of format {type_} are not accepted; these are: {types}", **extras)


class FileSizeExceeded(OpenEOError, status=400):
    """A file over the limit."""

    def __init__(self, size: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The file is too large; at most {size} are accepted.", **extras)


class FileContentInvalid(OpenEOError, status=400):
    """A file whose content does not fit its name."""

    wording = "The content of the file cannot be read as what its name says it is."


class FileLocked(OpenEOError, status=400):
    """A file in use."""

    def __init__(self, file: str, **extras: Unpack[Extras]) -> None:
        super().__init__(f"The file '{file}' is in use by something else at the moment.", **extras)


class RangeNotSatisfiable(OpenEOError, status=416):
    """A part of a file that lies outside of it; `size` is the file's in bytes, if it is known."""

    def __init__(self, size: str = "", **extras: Unpack[Extras]) -> None:
        said = f"It is {size} bytes long." if size else ""
        super().__init__(sentences("The file has no such part.", said), **extras)
