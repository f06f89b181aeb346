"""Reads an Arrow stream and says what is in it as JSON, or writes one from a description."""

import json
import sys

import pyarrow as pa


def plain(value):
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def read():
    reader = pa.ipc.open_stream(sys.stdin.buffer.read())
    table = reader.read_all()
    table.validate(full=True)
    json.dump(
        {
            "metadata": {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()},
            "types": {field.name: str(field.type) for field in table.schema},
            "rows": [plain(row) for row in table.to_pylist()],
        },
        sys.stdout,
    )


def embeddings():
    values = pa.FixedSizeListArray.from_arrays(pa.array([0.5, -1.25, 2.0, 0.125], pa.float32()), 2)
    columns = {
        "values": values,
        "dim": pa.array([2, 2], pa.int64()),
        "note": pa.array(["a", None]),
        "city": pa.array(["Oslo", "Oslo"]).dictionary_encode(),
        "ragged": pa.array([[1, 2], [3]], pa.list_(pa.field("item", pa.uint16(), nullable=False))),
        "half": pa.FixedSizeListArray.from_arrays(
            pa.array([0x3C00, 0xC000], pa.uint16()).view(pa.float16()), 1
        ),
        "flags": pa.FixedSizeListArray.from_arrays(pa.array([True, False, True, True]), 2),
        "raw": pa.array([b"\x00\xff", None], pa.large_binary()),
        "json": pa.array(['{"a":[1]}', None]),
        "_metadata": pa.array(['{"own":1}', None]),
    }
    fields = [
        pa.field(name, array.type, metadata={"xcp.enc": "json"} if name == "json" else None)
        for name, array in columns.items()
    ]
    metadata = {
        "xcp.layout": "row",
        "xcp.kind": "embedding",
        "xcp.schema_version": "1",
        "trace_id": "t-1",
    }
    return pa.record_batch(list(columns.values()), schema=pa.schema(fields, metadata=metadata))


def flights():
    metadata = {"xcp.layout": "table", "xcp.kind": "table", "xcp.schema_version": "1"}
    columns = {
        "delay": pa.array([1.5, None, 3.0]),
        "distance": pa.array([1, 2, 3], pa.int32()),
        "origin": pa.array(["A", "B", None], pa.large_string()),
        "when": pa.array([0, 1, 2], pa.timestamp("ms")),
        "point": pa.array([{"x": 1}, {"x": 2}, None]),
    }
    return pa.record_batch(columns).replace_schema_metadata(metadata)


def write(name):
    batch = {"embeddings": embeddings, "flights": flights}[name]()
    options = pa.ipc.IpcWriteOptions(use_legacy_format=len(sys.argv) > 3)
    with pa.ipc.new_stream(sys.stdout.buffer, batch.schema, options=options) as writer:
        writer.write_batch(batch)


if sys.argv[1] == "read":
    read()
else:
    write(sys.argv[2])
