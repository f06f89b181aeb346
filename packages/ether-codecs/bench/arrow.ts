import { runSuite } from "@proj/bench";
import { arrowCodec, createEther, type Ether } from "@proj/ether-codecs";
import {
  Field,
  FixedSizeList,
  Float32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  vectorFromArray,
} from "apache-arrow";

const DIM = 768;

await runSuite({
  name: "arrow",
  question: "How long do N embeddings of 768 floats take as ARROW_IPC, next to apache-arrow?",
  cases: [100, 10_000].flatMap((rows) => {
    const vectors = Array.from({ length: rows }, (_, row) =>
      Float32Array.from({ length: DIM }, (__, i) => Math.sin(row * DIM + i)),
    );
    const ethers = embeddings(vectors);
    const payloadBytes = rows * DIM * 4;
    const { body } = arrowCodec.encode(ethers, {});
    const pace = { kind: "batch" as const };
    // The builders take seconds for the large table, which says nothing more.
    const builders = { name: "apache-arrow, vectorFromArray", open: run(() => built(vectors)) };
    return [
      {
        name: `encode ${rows} × ${DIM}`,
        pace,
        payloadBytes,
        peers: [
          { name: "ours", open: run(() => arrowCodec.encode(ethers, {}).body) },
          {
            name: "apache-arrow, flattened by hand",
            ...(rows === 100 ? { target: { atMost: 0.5 } } : {}),
            open: run(() => flattened(vectors)),
          },
          ...(rows === 100 ? [{ ...builders, target: { atMost: 0.5 } }] : []),
        ],
      },
      {
        name: `decode ${rows} × ${DIM}`,
        pace,
        payloadBytes,
        peers: [
          { name: "ours", open: run(() => arrowCodec.decode(body, {})) },
          { name: "apache-arrow", open: run(() => rowsOf(body)) },
        ],
      },
    ];
  }),
});

function run(call: () => unknown): () => { run: () => unknown } {
  return () => ({ run: call });
}

function embeddings(vectors: readonly Float32Array[]): readonly Ether[] {
  const metadata = { trace_id: "t-1" };
  return vectors.map((values) =>
    createEther({ kind: "embedding", payload: { values, dim: DIM }, metadata }),
  );
}

function listType(): FixedSizeList<Float32> {
  return new FixedSizeList(DIM, new Field("item", new Float32(), false));
}

function schemaOf(type: FixedSizeList<Float32>): Schema {
  const metadata = new Map([
    ["xcp.layout", "row"],
    ["xcp.kind", "embedding"],
    ["xcp.schema_version", "1"],
    ["trace_id", "t-1"],
  ]);
  return new Schema([new Field("values", type), new Field("dim", new Int64())], metadata);
}

// The shortest way through apache-arrow's public interface: one copy into flat memory, wrapped without another.
function flattened(vectors: readonly Float32Array[]): Uint8Array {
  const rows = vectors.length;
  const data = new Float32Array(rows * DIM);
  for (const [row, vector] of vectors.entries()) data.set(vector, row * DIM);
  const dims = new BigInt64Array(rows).fill(BigInt(DIM));
  const type = listType();
  const schema = schemaOf(type);
  const child = makeData({ type: new Float32(), length: rows * DIM, nullCount: 0, data });
  const children = [
    makeData({ type, length: rows, nullCount: 0, child }),
    makeData({ type: new Int64(), length: rows, nullCount: 0, data: dims }),
  ];
  const struct = new Struct(schema.fields);
  const batch = new RecordBatch(
    schema,
    makeData({ type: struct, length: rows, nullCount: 0, children }),
  );
  return tableToIPC(new Table(schema, [batch]), "stream");
}

// The documented way.
function built(vectors: readonly Float32Array[]): Uint8Array {
  const values = vectorFromArray(vectors, listType());
  const dim = vectorFromArray(
    vectors.map(() => BigInt(DIM)),
    new Int64(),
  );
  return tableToIPC(new Table({ values, dim }), "stream");
}

function rowsOf(body: Uint8Array): readonly unknown[] {
  const table = tableFromIPC(body);
  const values = table.getChild("values");
  const dim = table.getChild("dim");
  return Array.from({ length: table.numRows }, (_, row) => ({
    values: values?.get(row)?.toArray() as unknown,
    dim: Number(dim?.get(row)),
  }));
}
