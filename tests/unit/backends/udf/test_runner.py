"""Users' code runs, and reaches nothing that is not its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.errors import OpenEOError
from backends.udf.runner import Answer, Udf, UdfLimits
from backends.udf.sandbox import is_confinable

pytestmark = pytest.mark.skipif(not is_confinable(), reason="the kernel has no Landlock")

CUBE = xr.DataArray(
    np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1),
    dims=("t", "bands", "y", "x"),
    coords={
        "t": np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[ns]"),
        "bands": ["B04", "B08"],
        "y": [20.0, 10.0],
        "x": [5.0],
    },
)
SECRET = Path(__file__).resolve()


def code(*lines: str) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return (
        "import os\nimport xarray\nfrom openeo.udf import XarrayDataCube, inspect\n"
        f"def apply_datacube(cube: xarray.DataArray, context: dict) -> xarray.DataArray:\n{body}\n"
    )


@pytest.fixture
def ran() -> Iterator[Any]:
    made: list[Udf] = []

    def run(*lines: str, context: Any = None, **limits: Any) -> Answer:
        udf = Udf(code(*lines), context, UdfLimits(**{"seconds": 30, **limits}))
        made.append(udf)
        return udf.on_cube(CUBE)

    yield run
    for udf in made:
        udf.close()


def test_a_cube_keeps_its_dimensions_labels_and_values(ran: Any) -> None:
    answer = ran("return cube")
    xr.testing.assert_identical(answer.value, CUBE)


def test_the_code_sees_the_context_and_is_heard(ran: Any) -> None:
    answer = ran(
        "print('by print')",
        "inspect(message='by inspect', level='warning')",
        "return cube * context['factor']",
        context={"factor": 3},
    )
    np.testing.assert_array_equal(answer.value.values, CUBE.values * 3)
    assert answer.told == (("warning", "by inspect"), ("info", "by print"))


def test_the_older_interface_works_too() -> None:
    text = (
        "from openeo.udf import XarrayDataCube\n"
        "def apply_datacube(cube: XarrayDataCube, context: dict) -> XarrayDataCube:\n"
        "    return XarrayDataCube(cube.get_array() + 1)\n"
    )
    udf = Udf(text)
    np.testing.assert_array_equal(udf.on_cube(CUBE).value.values, CUBE.values + 1)
    udf.close()


def test_time_series_are_handed_over_one_by_one() -> None:
    text = (
        "import pandas as pd\n"
        "def apply_timeseries(series: pd.Series, context: dict) -> pd.Series:\n"
        "    return series - series[0]\n"
    )
    udf = Udf(text)
    values = udf.on_cube(CUBE).value.values
    np.testing.assert_array_equal(values, CUBE.values - CUBE.values[:1])
    udf.close()


def test_plain_data_are_structured_data() -> None:
    text = (
        "from openeo.udf import StructuredData, UdfData\n"
        "def double(data: UdfData):\n"
        "    values = data.get_structured_data_list()[0].data\n"
        "    data.set_structured_data_list([StructuredData([2 * v for v in values])])\n"
    )
    udf = Udf(text)
    assert udf.on_data([1, 2.5]).value == [2, 5.0]
    udf.close()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"open({str(SECRET)!r}).read()"], "PermissionError"),
        (["open('/etc/passwd').read()"], "PermissionError"),
        (["open('/proc/self/environ').read()"], "PermissionError"),
        (["os.listdir('/')"], "PermissionError"),
        (["open('/tmp/left-behind', 'w')"], "PermissionError"),
        (["import socket", "socket.socket()"], "PermissionError"),
        (["import subprocess", "subprocess.run(['/bin/true'])"], "PermissionError"),
        (["os.fork()"], "PermissionError"),
        (["os.execv('/bin/true', ['true'])"], "PermissionError"),
        (["os.kill(os.getppid(), 0)"], "PermissionError"),
        (["import resource", "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)"], "Error"),
        (["os.symlink('/etc/passwd', 'here')"], "PermissionError"),
        (["import numpy", "numpy.ones(2 ** 34)"], "MemoryError"),
        (["open('large', 'wb').write(bytes(2 ** 22))"], "File too large"),
        (["1 / 0"], "ZeroDivisionError: division by zero (line 5)"),
        (["os._exit(3)"], "status 3"),
        (["os.abort()"], "gave up"),
        (["import sys", "sys.exit(0)"], "SystemExit"),
        (["return 5"], "UDF failed"),
        (["for number in range(3, 9):", "    os.write(number, b'x' * 99)"], "UDF failed"),
    ],
)
def test_what_is_forbidden_fails_and_says_so(ran: Any, lines: list[str], reason: str) -> None:
    with pytest.raises(OpenEOError) as caught:
        ran(*lines, "return cube", files=2**20)
    assert caught.value.code == "ProcessParameterInvalid"
    assert reason in caught.value.message


@pytest.mark.parametrize("line", ["while True: pass", "import time; time.sleep(60)"])
def test_what_never_ends_is_ended(ran: Any, line: str) -> None:
    with pytest.raises(OpenEOError, match="longer than 2 seconds"):
        ran(line, seconds=2)


def test_many_files_count_together(ran: Any) -> None:
    lines = ["import time", "for n in range(300):", "    open(str(n), 'w')", "time.sleep(30)"]
    with pytest.raises(OpenEOError, match="bytes of files"):
        ran(*lines, files=2**20)


def test_the_environment_is_empty_and_files_can_be_written(
    ran: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNING_SECRET", "hush")
    answer = ran(
        "open('own', 'w').write('text')",
        "print(os.environ.get('SIGNING_SECRET'), open('own').read(), os.listdir('.'))",
        "return cube",
    )
    assert answer.told == (("info", "None text ['own']"),)


def test_nothing_is_left_behind(ran: Any) -> None:
    udf = Udf(code("print(os.getpid(), os.getcwd())", "return cube"))
    ((_, text),) = udf.on_cube(CUBE).told
    number, folder = text.split()
    assert Path(folder).is_dir()
    udf.close()
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(number), signal.SIG_DFL)


@pytest.mark.parametrize(
    "text", ["x = 1\n", "def apply_datacube(cube, context):\n    return cube\n"]
)
def test_code_without_a_function_that_can_be_called_is_told_what_to_define(text: str) -> None:
    udf = Udf(text)
    with pytest.raises(OpenEOError) as caught:
        udf.on_cube(CUBE)
    udf.close()
    assert caught.value.message == (
        "The UDF failed: it has no function that can be called. Define `apply_datacube(cube: "
        "xarray.DataArray, context: dict) -> xarray.DataArray` with these names and type hints, or "
        "another one that the openEO Python client documents."
    )


def test_wrong_code_names_the_line() -> None:
    udf = Udf("x = 1\ny = = 2\n")
    with pytest.raises(OpenEOError, match=r"SyntaxError.*line 2"):
        udf.on_cube(CUBE)
    udf.close()
