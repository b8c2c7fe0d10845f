"""The address of an engine: what is taken, and what is refused with which sentence; nothing repeats a token."""

import pytest

from annexa.activity.engines import read_engine
from annexa.answers.activity_store import engine_store

TOKEN = "s3cr3t-token"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("sc://spark.example.org", "spark.example.org", 15002),
        ("sc://spark.example.org:443/;token=s3cr3t-token;use_ssl=true", "spark.example.org", 443),
        ("sc://127.0.0.1:15003/", "127.0.0.1", 15003),
        ("sc://[::1]:15003/;x-databricks-cluster-id=1-2", "[::1]", 15003),
    ],
)
def test_addresses_of_spark_connect(url: str, host: str, port: int) -> None:
    found = read_engine(url)
    assert (found.host, found.port, found.url) == (host, port, url)
    assert TOKEN not in f"{found!r} {found.name}"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("spark.example.org", "write sc://host:port"),
        ("spark://spark.example.org:7077", "address of a Spark master"),
        ("local://2", "how Spark starts its own work"),
        ("trino://trino.example.org/hive", "trino: is no engine that monitors run on"),
        ("postgres://x/y", "postgres: is no engine that monitors run on"),
        ("sc://", "names no host"),
        ("sc://ada@spark.example.org", "more than a host and port"),
        ("sc://spark.example.org:port", "sc://host:port"),
        ("sc://spark.example.org:99999", "sc://host:port"),
        ("sc://spark.example.org;token=s3cr3t-token", "begins with /;"),
        ("sc://spark.example.org/catalog", "nothing but /;name=value"),
        ("sc://spark.example.org/;token", "is no name=value"),
        ("sc://spark.example.org/;token=s3cr3t-token=", "is written %3D"),
        ("sc://spark.example.org/;session_id=1", "session of its own"),
    ],
)
def test_what_is_refused_says_what_to_write(url: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_engine(url)
    assert says in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_where_the_engine_finds_the_store(settings, tmp_path) -> None:
    """As it was set, without a stroke at its end; else where the store is."""
    settings.STORE = tmp_path / "store"
    assert engine_store(read_engine("sc://x")) == f"file://{tmp_path}/store"
    assert engine_store(read_engine("sc://x", "s3a://logs/annexa/")) == "s3a://logs/annexa"
    with pytest.raises(ValueError, match="is no address such as"):
        read_engine("sc://x", "/srv/annexa")


def test_a_bucket_is_named_as_hadoop_does(settings) -> None:
    pytest.importorskip("obstore")
    from annexa.settings import ActivityBucket

    settings.ACTIVITY_BUCKET = ActivityBucket(url="s3://logs/annexa?region=eu-central-1", key="", secret="")
    assert engine_store(read_engine("sc://x")) == "s3a://logs/annexa"
