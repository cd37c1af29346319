import pytest

from aggregator.routing.rules.udf_runtimes import judge
from tests.unit.routing.documents import backend, needs, node, said

RUNTIMES = {
    "Python": {"type": "language", "default": "3.11", "versions": {"3.9": {}, "3.11.2": {}}},
    "box": {"type": "docker", "docker": "a/b", "default": "latest", "tags": ["latest", "7"]},
    "odd": {},
}


@pytest.mark.parametrize(
    ("runtime", "version"),
    [
        ("Python", None),
        ("python", "3.9"),
        ("PYTHON", "3"),
        ("Python", "3.11"),
        ("box", "7"),
        ("odd", "1"),
    ],
)
def test_a_runtime_that_is_there_is_fine(runtime: str, version: str | None) -> None:
    wanted = needs(a=node("run_udf", data=1, udf="x", runtime=runtime, version=version))
    assert said(judge, wanted, backend(udf_runtimes=RUNTIMES)) == []


def test_a_runtime_that_is_missing_is_named() -> None:
    wanted = needs(a=node("run_udf", data=1, udf="x", runtime="R"))
    assert said(judge, wanted, backend(udf_runtimes=RUNTIMES)) == [
        "has no UDF runtime 'R' (node 'a')"
    ]


@pytest.mark.parametrize("version", ["2.7", "3.1", "3.9.1"])
def test_a_version_that_is_missing_is_named(version: str) -> None:
    wanted = needs(a=node("run_udf", data=1, udf="x", runtime="Python", version=version))
    assert said(judge, wanted, backend(udf_runtimes=RUNTIMES)) == [
        f"has UDF runtime 'Python' in version 3.9 or 3.11.2, not {version} (node 'a')"
    ]


def test_a_runtime_within_a_callback_counts() -> None:
    inner = {"process_graph": {"u": node("run_udf", runtime="R", udf="x", result=True)}}
    wanted = needs(a=node("apply", data=1, process=inner))
    assert said(judge, wanted, backend(udf_runtimes={})) == [
        "has no UDF runtime 'R' (node 'a/process/u')"
    ]


def test_runtimes_that_are_not_published_restrict_nothing() -> None:
    assert said(judge, needs(a=node("run_udf", runtime="R", udf="x")), backend()) == []
