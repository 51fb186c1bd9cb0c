import gzip
import io
import sys
from pathlib import Path

import pytest
import zstandard

from stream.errors import InputError
from stream.runtime.files import LogFile, log_files

CONTENT = b"".join(b'{"n":%d}\n' % n for n in range(5000))


def whole(path: Path, limit: int = 4096) -> list[bytes]:
    file = LogFile(str(path))
    records = []
    while not file.ended:
        records += file.read(limit).records
    return records


@pytest.fixture(params=["plain", "gz", "zst", "zst in many frames"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "plain":
        path, data = tmp_path / "a.ndjson", CONTENT
    elif request.param == "gz":
        path, data = tmp_path / "a.ndjson.gz", gzip.compress(CONTENT)
    else:
        path = tmp_path / "a.ndjson.zst"
        size = len(CONTENT) if request.param == "zst" else 1000
        parts = [CONTENT[at : at + size] for at in range(0, len(CONTENT), size)]
        data = b"".join(map(zstandard.compress, parts))
    path.write_bytes(data)
    return path


def test_every_line_is_a_record_in_any_compression(log: Path) -> None:
    assert b"".join(whole(log)) == CONTENT


def test_offsets_are_line_numbers_and_blank_lines_count(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n1\n  \n2")
    assert LogFile(str(path)).read(100) == ([b"1\n", b"2"], [1, 3])


def test_a_file_put_aside_goes_on_where_it_stopped(log: Path) -> None:
    file = LogFile(str(log))
    first = file.read(0)
    file.close()
    second = file.read(0)
    assert (first.offsets, second.offsets) == ([0], [1])
    assert second.records == [b'{"n":1}\n']


def test_a_json_file_is_one_record(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": 1},\n {"a": 2}]\n')
    assert whole(path, 1) == [b'[{"a": 1},\n {"a": 2}]\n']


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.ndjson.zst"])
def test_data_that_breaks_off_is_one_line(name: str, tmp_path: Path) -> None:
    data = gzip.compress(CONTENT) if name.endswith("gz") else zstandard.compress(CONTENT)
    path = tmp_path / name
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(
        InputError, match=r"a\.ndjson\.\w+: unreadable after line \d+: compressed .*ende?"
    ) as caught:
        whole(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.ndjson.zst"])
def test_damaged_data_is_one_line(name: str, tmp_path: Path) -> None:
    checked = zstandard.ZstdCompressor(write_checksum=True)  # as the zstd command does
    data = gzip.compress(CONTENT) if name.endswith("gz") else checked.compress(CONTENT)
    path = tmp_path / name
    path.write_bytes(data[:40] + bytes(20) + data[60:])
    with pytest.raises(InputError, match="unreadable after line"):
        whole(path)


def test_a_name_that_promises_compression_has_to_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(CONTENT)
    with pytest.raises(InputError, match="not compressed as its name says"):
        whole(path)


@pytest.mark.parametrize(
    "data", [b"", gzip.compress(b""), zstandard.compress(b"")], ids=["plain", "gz", "zst"]
)
def test_an_empty_file_is_one_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.ndjson: the file is empty"):
        whole(path)


def test_standard_input_may_be_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(gzip.compress(CONTENT))))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert b"".join(LogFile("-").read(1 << 20).records) == CONTENT


def test_a_folder_means_its_ndjson_files_with_content(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a.ndjson.gz", "c.txt"):
        (tmp_path / name).write_bytes(CONTENT)
    (tmp_path / "empty.ndjson").touch()
    names = [file.name for file in log_files([str(tmp_path), str(tmp_path / "b.ndjson")])]
    assert names == [str(tmp_path / "a.ndjson.gz"), str(tmp_path / "b.ndjson")]


def test_a_folder_without_logs_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \*\.ndjson file"):
        log_files([str(tmp_path)])


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^/nowhere: no such file or folder$"):
        log_files(["/nowhere"])


def test_positions_add_up_to_the_size(log: Path) -> None:
    file = LogFile(str(log))
    while not file.ended:
        file.read(4096)
        assert 0 < file.position <= file.size
    assert file.position == file.size == log.stat().st_size
