"""Starts the process of a user's code and asks it, with a deadline for every answer."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from uuid import uuid4

import numpy as np
import xarray as xr

from backends.errors import OpenEOError
from backends.udf import messages

MAX_ANSWER: Final = 2**30
_STARTING_SECONDS: Final = 60.0
_LOOK: Final = 0.2
_SINGLE: Final = {
    f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "GDAL")
}


@dataclass(frozen=True)
class UdfLimits:
    """What the process of one `run_udf` may take: seconds (in all), bytes of memory and
    bytes of files."""

    seconds: float = 600.0
    memory: int = 3 * 2**30
    files: int = 100 * 2**20


@dataclass(frozen=True)
class Udf:
    """A user's code with its context. It can be sent to other processes and runs where it is."""

    code: str
    context: Any = None
    limits: UdfLimits = field(default_factory=UdfLimits)
    proj: Mapping[str, Any] | None = None
    key: str = field(default_factory=lambda: uuid4().hex)

    def on_cube(self, cube: xr.DataArray) -> Answer:
        """What the code makes of a cube of numbers."""
        values = np.asarray(cube.values, order="C")
        coords = {str(name): cube.coords[name].values for name in cube.dims if name in cube.coords}
        header = {
            **messages.described([str(name) for name in cube.dims], coords),
            "shape": list(values.shape),
            "dtype": values.dtype.str,
        }
        return self._ask(header, values.reshape(-1) if values.size else b"")

    def on_data(self, data: Any) -> Answer:
        """What the code makes of a list, a number, a text or an object."""
        return self._ask({"data": data}, b"")

    def close(self) -> None:
        """End the process, if there is one here."""
        with _LOCK:
            running = _RUNNING.pop(self.key, None)
        if running is not None:
            running.close()

    def _ask(self, header: dict[str, Any], body: Any) -> Answer:
        with _LOCK:
            process = _RUNNING.get(self.key)
            if process is None:
                process = _RUNNING[self.key] = _Process(self.limits)
        asked = {"code": self.code, "context": self.context, "proj": self.proj, **header}
        return process.ask(asked, body)


@dataclass(frozen=True)
class Answer:
    """What the code gave (a cube or plain data) and what it printed, with levels."""

    value: Any
    told: tuple[tuple[str, str], ...]


class _Process:
    """One confined process, asked by one thread at a time."""

    def __init__(self, limits: UdfLimits) -> None:
        self._limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._turn = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="udf-", ignore_cleanup_errors=True)
        self._process = _started(Path(self._folder.name), limits)
        self._read(time.monotonic() + _STARTING_SECONDS)

    def ask(self, header: Mapping[str, Any], body: Any) -> Answer:
        """Send a request and wait for its answer."""
        with self._turn:
            if self._process.poll() is not None:
                raise _failed("its process has ended")
            sender = threading.Thread(target=self._send, args=(header, body), daemon=True)
            sender.start()
            answered, values = self._read(self._ends)
            sender.join()
        return _answer(answered, values)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what it had not read yet is lost with it
                _pipe(pipe).close()
        self._folder.cleanup()

    def _send(self, header: Mapping[str, Any], body: Any) -> None:
        # A pipe that breaks here is seen by whoever waits for the answer.
        with contextlib.suppress(OSError, ValueError):
            messages.write(_pipe(self._process.stdin), header, body)

    def _read(self, ends: float) -> tuple[dict[str, Any], bytes]:
        """A message of the process, or the end of the process and an error that says why."""
        try:
            return messages.read(self._waiting(ends), MAX_ANSWER)
        except OpenEOError:
            self._process.kill()
            raise
        except (EOFError, ValueError, KeyError) as error:
            self._process.kill()
            status = self._process.wait()
            reason = _ENDS.get(-status, f"its process ended with status {status}")
            if not isinstance(error, EOFError):
                reason = "it disturbed the connection to its process"
            raise _failed(reason) from None

    def _waiting(self, ends: float) -> Callable[[int], bytes]:
        number = _pipe(self._process.stdout).fileno()

        def read(count: int) -> bytes:
            received = bytearray()
            while len(received) < count:
                self._check(ends)
                if select.select([number], [], [], _LOOK)[0]:
                    part = os.read(number, min(count - len(received), 2**20))
                    if not part:
                        raise EOFError
                    received += part
            return bytes(received)

        return read

    def _check(self, ends: float) -> None:
        if time.monotonic() > ends:
            raise _failed(f"it takes longer than {self._limits.seconds:g} seconds")
        if _size(Path(self._folder.name)) > self._limits.files:
            raise _failed(f"it writes more than {self._limits.files} bytes of files")


_LOCK: Final = threading.Lock()
_RUNNING: Final[dict[str, _Process]] = {}
"""The processes by the key of their code: tasks that compute a block find theirs here."""

_ENDS: Final = {
    9: "its process was killed, most likely for its memory or its time",
    11: "its process crashed",
    24: "it takes too much of the processor's time",
    25: "it writes files that are too large",
    31: "it did what is forbidden",
    6: "its process gave up, most likely for lack of memory",
}


def _started(folder: Path, limits: UdfLimits) -> subprocess.Popen[bytes]:
    numbers = (limits.memory, int(limits.seconds) + 1, limits.files)
    command = [sys.executable, "-I", "-m", "backends.udf.child", str(folder), *map(str, numbers)]
    places = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": ""}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**_SINGLE, **places, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
        start_new_session=True,
    )


def _size(folder: Path) -> int:
    total = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # the code has removed it meanwhile
                # A file takes a block at least, also an empty one.
                total += max((Path(parent) / name).lstat().st_size, 4096)
    return total


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EOFError
    return pipe


def _failed(reason: str) -> OpenEOError:
    return OpenEOError("ProcessParameterInvalid", f"The UDF failed: {reason}.")


def _answer(header: Mapping[str, Any], body: bytes) -> Answer:
    """A checked answer: foreign code may have sent anything."""
    told = tuple((str(level), str(text)) for level, text in header.get("told", ()))
    if "error" in header:
        raise _failed(str(header["error"]).rstrip("."))
    if "data" in header:
        return Answer(header["data"], told)
    try:
        dtype = np.dtype(header["dtype"])
        if dtype.kind not in "iufb":
            raise TypeError(dtype)
        values = np.frombuffer(body, dtype=dtype).reshape(header["shape"])
        coords = {name: messages.labels(listed) for name, listed in header["coords"].items()}
        return Answer(xr.DataArray(values, dims=header["dims"], coords=coords), told)
    except (KeyError, TypeError, ValueError):
        raise _failed("it gave something that is no data cube") from None
