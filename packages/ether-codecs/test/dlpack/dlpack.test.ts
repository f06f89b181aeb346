import { describe, expect, test } from "@jest/globals";
import {
  createEther,
  decodeDlpack,
  DlpackCodec,
  dlpackCodec,
  type DlpackDescriptor,
  embeddingEther,
  encodeDlpack,
  encodeDlpackEther,
  equalValues,
  InProcessTensors,
  resolveEtherLimits,
  tensorEther,
} from "@proj/ether-codecs";
import { formatHex, ManualTime, SeededRandom, TensorView } from "@proj/wire-types";
import { payloadOf } from "../arrow/ethers.js";
import { golden, goldenBytes } from "../golden.js";

const floats = (...values: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);

const base: DlpackDescriptor = {
  deviceType: 1,
  deviceId: 0,
  typeCode: 2,
  bits: 32,
  lanes: 1,
  shape: [2],
  byteOffset: 0,
  storageBytes: 8,
  leaseMs: 0,
  readOnly: false,
  isCopy: false,
  handle: { kind: "inline", storage: floats(1, 2) },
};

function read(descriptor: DlpackDescriptor, codec = new DlpackCodec()): TensorView {
  const [ether] = codec.decode(encodeDlpack(descriptor), {});
  return ether?.payload["data"] as TensorView;
}

function listOf(tensor: TensorView): readonly number[] {
  const bytes = tensor.toBytes();
  return [...new Float32Array(bytes.slice().buffer)];
}

describe("§25: DLPACK vectors", () => {
  test("dlpack-inline", () => {
    expect(decodeDlpack(goldenBytes("dlpack-inline"))).toEqual(base);
    expect(formatHex(encodeDlpack(base))).toBe(golden("dlpack-inline").hex);
    const [ether] = dlpackCodec.decode(goldenBytes("dlpack-inline"), {});
    expect(ether?.kind).toBe("tensor");
    expect(equalValues(ether?.payload["data"] ?? null, [1, 2])).toBe(true);
  });

  test("dlpack-shm", () => {
    const descriptor: DlpackDescriptor = {
      ...base,
      bits: 16,
      shape: [4, 768],
      strides: [768, 1],
      storageBytes: 6144,
      leaseMs: 30_000,
      handle: { kind: "shm", uri: "shm://emb/42#4096,6144" },
    };
    const found = decodeDlpack(goldenBytes("dlpack-shm"));
    expect({ ...descriptor, readOnly: found.readOnly }).toEqual(found);
    expect(formatHex(encodeDlpack(found))).toBe(golden("dlpack-shm").hex);
  });
});

describe("§14.8: descriptors", () => {
  const event = new Uint8Array(64).fill(2);
  test.each<DlpackDescriptor["handle"]>([
    { kind: "shm", uri: "shm://n/p1-x" },
    { kind: "cudaIpc", memory: new Uint8Array(64).fill(1) },
    { kind: "cudaIpc", memory: new Uint8Array(64).fill(1), event },
    { kind: "fd", index: 3 },
    { kind: "inProcess", token: 2n ** 64n - 1n },
  ])("$kind handles survive", (handle) => {
    const descriptor = {
      ...base,
      handle,
      readOnly: true,
      isCopy: true,
      deviceType: 2,
      deviceId: 1,
    };
    expect(decodeDlpack(encodeDlpack(descriptor))).toEqual(descriptor);
  });

  test.each<readonly [string, Partial<DlpackDescriptor>, string]>([
    ["an element past the end", { shape: [3] }, "ether.tensor_size"],
    ["an offset past the end", { byteOffset: 4 }, "ether.tensor_size"],
    ["a stride past the end", { strides: [2] }, "ether.tensor_size"],
    ["a negative stride before the start", { strides: [-1] }, "ether.tensor_size"],
    ["a product beyond 2^64", { shape: [2 ** 40, 2 ** 40, 2] }, "ether.tensor_size"],
    ["a span beyond 2^64", { shape: [2 ** 40], strides: [2 ** 40] }, "ether.tensor_size"],
    ["a negative dimension", { shape: [-1] }, "ether.tensor_header"],
    ["half bytes", { bits: 4 }, "ether.tensor_header"],
    ["no bits", { bits: 0 }, "ether.tensor_header"],
    ["33 dimensions", { shape: Array.from({ length: 33 }, () => 1) }, "ether.tensor_header"],
    ["storage of another size", { storageBytes: 4, shape: [1] }, "ether.tensor_size"],
  ])("%s is refused when written", (_, change, code) => {
    expect(() => encodeDlpack({ ...base, ...change })).toThrow(expect.objectContaining({ code }));
  });

  test.each<readonly [string, number, readonly number[], string]>([
    ["another magic", 0, [0], "ether.tensor_header"],
    ["another version", 4, [2], "ether.tensor_header"],
    ["handle kind 5", 5, [5], "ether.tensor_header"],
    ["reserved flags", 6, [8], "ether.tensor_header"],
    ["a shape past the end", 48, [3], "ether.tensor_size"],
    ["a shape above 2^53", 48, [0, 0, 0, 0, 0, 0, 0, 0x40], "ether.tensor_size"],
    ["a billion dimensions", 20, [0, 0, 0, 0x40], "ether.tensor_header"],
    ["storage that is not there", 32, [16], "ether.tensor_size"],
    ["a handle that is not there", 40, [255, 255, 255, 255], "ether.tensor_size"],
    ["an inline tensor with a handle", 40, [1], "ether.tensor_header"],
  ])("%s is refused when read", (_, at, bytes, code) => {
    const body = encodeDlpack(base);
    body.set(bytes, at);
    expect(() => decodeDlpack(body)).toThrow(expect.objectContaining({ code }));
  });

  test("every truncation and a trailing byte are refused", () => {
    const body = encodeDlpack({ ...base, strides: [1] });
    for (let length = 0; length < body.length; length++) {
      expect(() => decodeDlpack(body.slice(0, length))).toThrow(/DLPACK|need/);
    }
    expect(() => decodeDlpack(new Uint8Array([...body, 0]))).toThrow(/too many/);
  });
});

describe("§14.8: tensors", () => {
  const storage = floats(0, 1, 2, 3, 4, 5);
  const six = { ...base, storageBytes: 24, handle: { kind: "inline", storage } } as const;

  test("inline storage is viewed, not copied", () => {
    const body = encodeDlpack(six);
    const [ether] = dlpackCodec.decode(body, {});
    expect((payloadOf(ether)["data"] as TensorView).data.buffer).toBe(body.buffer);
  });

  test.each<readonly [string, Partial<DlpackDescriptor>, readonly number[]]>([
    ["row-major", { shape: [2, 3] }, [0, 1, 2, 3, 4, 5]],
    ["column-major", { shape: [2, 3], strides: [1, 2] }, [0, 2, 4, 1, 3, 5]],
    ["an offset", { shape: [2], byteOffset: 12 }, [3, 4]],
    ["a zero stride", { shape: [3], strides: [0], byteOffset: 4 }, [1, 1, 1]],
    ["a negative stride", { shape: [3], strides: [-2], byteOffset: 16 }, [4, 2, 0]],
    ["mixed strides", { shape: [2, 3], strides: [3, -1], byteOffset: 8 }, [2, 1, 0, 5, 4, 3]],
    ["a scalar", { shape: [] }, [0]],
    ["nothing", { shape: [0, 9], byteOffset: 999 }, []],
    ["lanes as the last dimension", { shape: [3], lanes: 2 }, [0, 1, 2, 3, 4, 5]],
  ])("%s", (_, change, expected) => {
    const tensor = read({ ...six, ...change });
    expect(listOf(tensor)).toEqual(expected);
  });

  test("bfloat16 becomes float32", () => {
    const bits = new Uint8Array(Uint16Array.of(0x3f80, 0xc040).buffer);
    const handle = { kind: "inline", storage: bits } as const;
    const tensor = read({ ...base, typeCode: 4, bits: 16, storageBytes: 4, handle });
    expect([tensor.dtype, ...listOf(tensor)]).toEqual(["float32", 1, -3]);
  });

  test("complex numbers have no place in an Ether", () => {
    expect(() => read({ ...base, typeCode: 5, bits: 64, shape: [1] })).toThrow(
      expect.objectContaining({ code: "ether.tensor_header" }),
    );
  });

  test("one element repeated without end is refused", () => {
    const body = encodeDlpack({ ...base, shape: [2 ** 40], strides: [0] });
    expect(() => dlpackCodec.decode(body, {})).toThrow(
      expect.objectContaining({ code: "ether.too_large" }),
    );
  });

  test("an Ether goes across and comes back with kind, metadata and strides resolved", () => {
    const transposed = new TensorView("int16", [2, 2], Int16Array.of(1, 2, 3, 4), {
      strides: [1, 2],
    });
    const ether = tensorEther(transposed, { metadata: { producer: "p" } });
    const { body, tags } = dlpackCodec.encode([ether], {});
    const [found] = dlpackCodec.decode(body, { tags });
    expect(found?.metadata["producer"]).toBe("p");
    const tensor = found?.payload["data"] as TensorView;
    expect([...(tensor.data as Int16Array)]).toEqual([1, 3, 2, 4]);
    const embedding = embeddingEther(Float32Array.of(1, 2));
    const bare = dlpackCodec.encode([embedding], {});
    const [back] = dlpackCodec.decode(bare.body, { tags: bare.tags });
    expect(back?.kind).toBe("embedding");
    expect(back?.payload["dim"]).toBe(2);
  });

  test("what is more than one tensor is refused", () => {
    const ether = createEther({ kind: "tensor", payload: { data: "text" } });
    expect(() => dlpackCodec.encode([ether], {})).toThrow(
      expect.objectContaining({ code: "ether.ether_invalid" }),
    );
  });
});

describe("§14.8: memory elsewhere", () => {
  const unavailable = expect.objectContaining({ code: "ether.device_unavailable", wire: 0x0307 });

  test("devices, descriptors and unknown memory: ERR_DEVICE_UNAVAILABLE", () => {
    const handles: readonly DlpackDescriptor["handle"][] = [
      { kind: "shm", uri: "shm://n/x" },
      { kind: "cudaIpc", memory: new Uint8Array(64) },
      { kind: "fd", index: 0 },
      { kind: "inProcess", token: 1n },
    ];
    for (const handle of handles) {
      expect(() => read({ ...base, handle })).toThrow(unavailable);
      expect(() => read({ ...base, deviceType: 2, handle })).toThrow(unavailable);
    }
    expect(() => read({ ...base, deviceType: 2 })).toThrow(unavailable);
  });

  test("shared memory is read through the inbox, within limits", () => {
    const readShm = (uri: string, size: number): Uint8Array =>
      uri === "shm://n/x" && size === 8 ? floats(3, 4) : new Uint8Array(size);
    const codec = new DlpackCodec({ readShm });
    const handle = { kind: "shm", uri: "shm://n/x" } as const;
    expect(listOf(read({ ...base, handle }, codec))).toEqual([3, 4]);
    const huge = encodeDlpack({ ...base, storageBytes: 2 ** 50, handle });
    const limits = resolveEtherLimits();
    expect(() => codec.decode(huge, { limits })).toThrow(
      expect.objectContaining({ code: "ether.too_large" }),
    );
  });

  test("an opener of devices is asked for what is not the host's", () => {
    const tensor = new TensorView("float32", [2], Float32Array.of(5, 6));
    const codec = new DlpackCodec({
      openDevice: ({ deviceType }) => (deviceType === 2 ? tensor : undefined),
    });
    const handle = { kind: "cudaIpc", memory: new Uint8Array(64) } as const;
    expect(read({ ...base, deviceType: 2, handle }, codec)).toBe(tensor);
    expect(() => read({ ...base, deviceType: 2, shape: [1], handle }, codec)).toThrow(
      expect.objectContaining({ code: "ether.tensor_header" }),
    );
    expect(() => read({ ...base, deviceType: 10, handle }, codec)).toThrow(unavailable);
  });
});

describe("§14.8: IN_PROCESS tokens", () => {
  const tensor = new TensorView("float32", [2], Float32Array.of(1, 2));

  test("hand over the tensor itself, once", () => {
    const inProcess = new InProcessTensors(new SeededRandom(1), new ManualTime());
    const codec = new DlpackCodec({ inProcess });
    const { body, tags } = encodeDlpackEther(tensorEther(tensor), {}, (each) => ({
      kind: "inProcess",
      token: inProcess.offer(each, 0),
    }));
    const [ether] = codec.decode(body, { tags });
    expect(ether?.payload["data"]).toBe(tensor);
    expect(inProcess.size).toBe(0);
    expect(() => codec.decode(body, { tags })).toThrow(
      expect.objectContaining({ code: "ether.device_unavailable" }),
    );
  });

  test("end with their lease, or when they are revoked", () => {
    const time = new ManualTime();
    const inProcess = new InProcessTensors(new SeededRandom(1), time);
    const leased = inProcess.offer(tensor, 30_000);
    const revoked = inProcess.offer(tensor, 0);
    expect(leased).not.toBe(revoked);
    inProcess.revoke(revoked);
    time.advance(29_999_999);
    expect(inProcess.size).toBe(1);
    time.advance(1);
    expect([inProcess.take(leased), inProcess.take(revoked)]).toEqual([undefined, undefined]);
  });
});
