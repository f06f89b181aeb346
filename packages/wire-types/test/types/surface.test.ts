import { expect, test } from "@jest/globals";
import {
  type Address,
  ByteReader,
  type CodeTable,
  type DType,
  isWireError,
  ManualTime,
  memoryStreamPair,
  parseShmUri,
  resolveLimits,
  type ShmUri,
  silentTelemetry,
  TensorView,
  type WireError,
  wireError,
} from "@proj/wire-types";

test("what was caught is narrowed by isWireError, and a code is one of the table's", () => {
  const caught: unknown = wireError("wire.closed", "gone");
  // @ts-expect-error -- anything may have been thrown
  expect(() => caught.code).not.toThrow();
  const narrowed: WireError | undefined = isWireError(caught) ? caught : undefined;
  expect(narrowed?.code).toBe("wire.closed");
  // @ts-expect-error -- no such code
  expect(() => wireError("wire.nothing", "")).toThrow();
  // @ts-expect-error -- a code says whether to try again
  const table: CodeTable = { "a.b": { wire: 1, scope: "message" } };
  expect(table).toBeDefined();
});

test("limits are a closed list, completed with their defaults", () => {
  const table = {
    maxBytes: { default: 10, min: 1, max: 20, unit: "bytes", reason: "memory" },
  } as const;
  const bytes: number = resolveLimits(table).maxBytes;
  // @ts-expect-error -- no such limit
  expect(() => resolveLimits(table, { maxMessages: 1 })).toThrow(RangeError);
  expect(bytes).toBe(10);
});

test("a URI and an address are narrowed by their kind", () => {
  const size = (uri: ShmUri): string => (uri.kind === "object" ? uri.namespace : uri.path);
  // @ts-expect-error -- a file has no namespace
  const wrong = (uri: ShmUri): string => uri.namespace;
  const port = (address: Address): number => (address.kind === "inet" ? address.port : 0);
  // @ts-expect-error -- a path has no port
  const portless = (address: Address): number => address.port;
  expect(size(parseShmUri("shm://a/b"))).toBe("a");
  expect([wrong, port, portless]).toHaveLength(3);
});

test("element types are a closed list, and a tensor cannot be changed", () => {
  const dtype: DType = "float32";
  // @ts-expect-error -- no such element type
  const wrong: DType = "float8";
  const tensor = new TensorView(dtype, [2], new Float32Array(2));
  // @ts-expect-error -- a shape is read-only
  const change = (): void => void (tensor.shape[0] = 3);
  expect([wrong, change]).toHaveLength(2);
});

test("clocks and streams say what they give", () => {
  const nowUs: number = new ManualTime().nowUs();
  const [near] = memoryStreamPair();
  // @ts-expect-error -- a write takes parts, not one buffer
  const wrong = (): boolean => near.write(new Uint8Array(1));
  const offset: number = new ByteReader(new Uint8Array(1)).offset;
  // @ts-expect-error -- a record has a level and an event
  const silent = (): void => silentTelemetry.log.log({ fields: {} });
  expect([nowUs, wrong, offset, silent]).toHaveLength(4);
});
