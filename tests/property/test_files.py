"""Files of any bytes: rows, rejects or one clear error, never anything else, and the same whatever the chunks."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.files.rows import read
from tests.unit.files.written import everything, written

CSV_LIKE = st.text(alphabet=st.sampled_from('a1.",;\n\r\t -_²é\x00')).map(
    lambda text: f"x,y\n{text}".encode()
)
JSON_LIKE = st.lists(
    st.sampled_from(
        [
            b'{"model":"m","time":1,"features":{"a":1}}',
            b'{"model":"m","time":1,"features":{"a":',
            b'[{"model":"m","time":1,"label":1},3,[]]',
            b'{"a":1,"b":null}',
            b'{"a":NaN}',
            b"[]",
            b"null",
            b" ",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\r",
        ]
    )
).map(b"\n".join)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.csv.gz", "t.jsonl.gz"])
@given(content=st.binary() | CSV_LIKE | JSON_LIKE, size=st.integers(1, 5))
@example(content=b'x,y\n"', size=1)
def test_any_bytes_are_rows_rejects_or_a_clear_error(name: str, content: bytes, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), name, content)
        try:
            whole = everything(read(path))
        except StreamMonitorError:
            return
        assert repr(everything(read(path, chunk_rows=size))) == repr(whole)  # repr: NaN equals itself
        places = [
            *zip(whole.offsets, whole.items, strict=True),
            *((bad.record.offset, bad.item) for bad in whole.rejected),
        ]
        assert len(set(places)) == len(places)
        offsets = {offset for offset, _ in places}
        assert offsets == set(range(len(offsets))), "a row is in neither rows nor rejects"


@given(raw=st.binary(max_size=64))
def test_a_broken_gzip_or_parquet_is_a_clear_error(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("t.csv.gz", "t.jsonl.gz", "t.parquet"):
            path = Path(folder) / name
            path.write_bytes(b"\x1f\x8b\x08" + raw)
            with pytest.raises(StreamMonitorError, match=name):
                everything(read(path))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(rows=st.lists(st.tuples(NUMBERS, TEXTS), max_size=20))
def test_what_a_csv_writer_writes_comes_back(rows: list[tuple[float, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([("number", "text"), *[(repr(number), f"_{text}") for number, text in rows]])
    with tempfile.TemporaryDirectory() as folder:
        got = everything(read(written(Path(folder), "t.csv", out.getvalue())))
    assert not got.rejected
    assert [row.features for row in got.rows] == [
        {"number": number, "text": f"_{text}"} for number, text in rows
    ]
