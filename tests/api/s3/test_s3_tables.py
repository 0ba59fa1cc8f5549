"""Tables in objects, as people who analyse data read and write them: pandas, Arrow, DuckDB."""

import duckdb
import pandas
import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pytest

pytestmark = pytest.mark.any_store


@pytest.fixture
def files(cloud, monkeypatch):
    """Arrow's own S3 client, which is AWS's C++ SDK."""
    if cloud.ca_file:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return pyarrow.fs.S3FileSystem(access_key=cloud.admin.access_key_id, secret_key=cloud.admin.secret, region=cloud.region,
                                   endpoint_override=cloud.url, tls_ca_file_path=str(cloud.ca_file))


@pytest.fixture
def rows() -> pandas.DataFrame:
    return pandas.DataFrame({"n": range(20_000), "word": [f"w{n % 7}" for n in range(20_000)], "part": [n % 3 for n in range(20_000)]})


# Arrow's S3 client is another SDK than boto3: files, folders, pieces of files, uploads in parts.
def test_arrow_files(files, s3, bucket):
    body = bytes(range(256)) * 60_000  # more than a part
    with files.open_output_stream(f"{bucket}/dir/big") as out:
        out.write(body)
    assert s3.get_object(Bucket=bucket, Key="dir/big")["Body"].read() == body
    with files.open_input_file(f"{bucket}/dir/big") as file:
        assert file.size() == len(body) and file.read_at(1000, 5_000_000) == body[5_000_000:5_001_000]
    s3.put_object(Bucket=bucket, Key="dir/sub/small", Body=b"x")
    listed = {info.path: info for info in files.get_file_info(pyarrow.fs.FileSelector(f"{bucket}/dir", recursive=True))}
    assert listed[f"{bucket}/dir/big"].size == len(body) and listed[f"{bucket}/dir/sub"].type == pyarrow.fs.FileType.Directory
    files.copy_file(f"{bucket}/dir/big", f"{bucket}/copy")
    files.delete_dir(f"{bucket}/dir")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["copy"]


# A table in many files, by column and by partition: only what is asked for is read.
def test_parquet_datasets(files, bucket, rows):
    table = pyarrow.Table.from_pandas(rows)
    pyarrow.parquet.write_to_dataset(table, f"{bucket}/set", partition_cols=["part"], filesystem=files)
    dataset = pyarrow.dataset.dataset(f"{bucket}/set", filesystem=files, partitioning="hive")
    read = dataset.to_table(columns=["n"], filter=(pyarrow.dataset.field("part") == 1) & (pyarrow.dataset.field("n") < 100))
    assert sorted(read["n"].to_pylist()) == [n for n in range(100) if n % 3 == 1]


# pandas reads and writes through Arrow, and reads a presigned address as any.
def test_pandas(cloud, files, s3, bucket, rows, monkeypatch):
    rows.to_parquet(f"{bucket}/rows.parquet", filesystem=files, index=False)
    back = pandas.read_parquet(f"{bucket}/rows.parquet", filesystem=files)
    pandas.testing.assert_frame_equal(back, rows, check_dtype=False)
    s3.put_object(Bucket=bucket, Key="rows.csv", Body=rows.to_csv(index=False).encode(), ContentType="text/csv")
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.ca_file))
    from_address = pandas.read_csv(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "rows.csv"}))
    assert from_address["n"].sum() == rows["n"].sum()
    from_body = pandas.read_csv(s3.get_object(Bucket=bucket, Key="rows.csv")["Body"])
    assert len(from_body) == len(rows)


# DuckDB over Arrow's datasets. Its own S3 reader is an extension that it fetches from the internet.
def test_duckdb(files, bucket, rows):
    pyarrow.parquet.write_to_dataset(pyarrow.Table.from_pandas(rows), f"{bucket}/set", partition_cols=["part"], filesystem=files)
    lake = pyarrow.dataset.dataset(f"{bucket}/set", filesystem=files, partitioning="hive")
    with duckdb.connect() as database:
        database.register("lake", lake)
        found = database.execute("SELECT word, count(*), sum(n) FROM lake WHERE part = 2 GROUP BY word ORDER BY word").fetchall()
    expected = rows[rows["part"] == 2].groupby("word")["n"].agg(["count", "sum"])
    assert found == [(word, row["count"], row["sum"]) for word, row in expected.iterrows()]
