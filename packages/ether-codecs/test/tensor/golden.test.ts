import { describe, expect, test } from "@jest/globals";
import {
  createEther,
  decodeTensor,
  elementsOf,
  encodeTensor,
  equalValues,
  mixedLatentCodec,
  quantize,
  QuantizedTensor,
  tensorEther,
  tensorF16Codec,
  tensorF32Codec,
  tensorQnt8Codec,
  TensorDType,
  type Value,
} from "@proj/ether-codecs";
import { float32ToFloat16, formatHex, TensorView } from "@proj/wire-types";
import { golden, goldenBytes } from "../golden.js";

const rows = Float32Array.of(1, -0.5, 0.25, 0, 0, 0, 100, -127, 3.5);

describe("golden tensor bodies", () => {
  test("tensor-f32", () => {
    const tensor = new TensorView("float32", [2, 3], Float32Array.of(1, -2, 0.5, 3.25, 0, -0));
    expect(formatHex(encodeTensor(tensor))).toBe(golden("tensor-f32").hex);
    const [ether] = tensorF32Codec.decode(goldenBytes("tensor-f32"), {});
    expect(equalValues(ether?.payload["data"] ?? null, tensor)).toBe(true);
    expect(ether?.kind).toBe("tensor");
    const encoded = tensorF32Codec.encode([tensorEther(tensor)], {});
    expect(formatHex(encoded.body)).toBe(golden("tensor-f32").hex);
    expect(encoded.tags).toEqual([]);
  });

  test("tensor-f16", () => {
    const numbers = [1, -2, 0.1, 65504, 65520, 2 ** -24, 2 ** -25, 0.333251953125];
    const body = tensorF16Codec.encode([tensorEther(float32(numbers))], {}).body;
    expect(formatHex(body)).toBe(golden("tensor-f16").hex);
    const decoded = decodeTensor(goldenBytes("tensor-f16"), TensorDType.F16) as TensorView;
    expect(decoded.data).toEqual(float32ToFloat16(Float32Array.from(numbers)));
  });

  test("tensor-qnt8-global", () => {
    const tensor = quantize([3, 3], rows, "global");
    expect(formatHex(encodeTensor(tensor))).toBe(golden("tensor-qnt8-global").hex);
    const decoded = decodeTensor(goldenBytes("tensor-qnt8-global"), TensorDType.QNT8);
    expect(numbersOf(decoded)).toEqual([1, -1, 0, 0, 0, 0, 100, -127, 4]);
  });

  test("tensor-qnt8-row", () => {
    const vector = golden("tensor-qnt8-row");
    expect(formatHex(encodeTensor(quantize([3, 3], rows, "row")))).toBe(vector.hex);
    const decoded = decodeTensor(goldenBytes("tensor-qnt8-row"), TensorDType.QNT8);
    const scales = vector["scales"] as readonly number[];
    const stored = [127, -63 - 1, 32, 0, 0, 0, 100, -127, 4];
    const expected = stored.map((step, i) => Math.fround(step * (scales[Math.floor(i / 3)] ?? 0)));
    expect(numbersOf(decoded).map(Math.fround)).toEqual(expected.map((x) => x + 0));
    const [ether] = tensorQnt8Codec().decode(goldenBytes("tensor-qnt8-row"), {});
    expect(ether?.payload["data"]).toBeInstanceOf(QuantizedTensor);
  });

  test("mixed-latent", () => {
    const [ether] = mixedLatentCodec.decode(goldenBytes("mixed-latent"), {});
    const list = ether?.payload["data"] as readonly Value[];
    expect(list.map(numbersOf)).toEqual([
      [1, 2],
      [1, -1],
    ]);
    const again = mixedLatentCodec.encode(
      [createEther({ kind: "tensor", payload: { data: list } })],
      {},
    );
    expect(formatHex(again.body)).toBe(golden("mixed-latent").hex);
  });

  test.each([
    ["neg-tensor-ndim7", "ether.tensor_header"],
    ["neg-tensor-ndim0", "ether.tensor_header"],
    ["neg-tensor-unused", "ether.tensor_header"],
    ["neg-tensor-overflow", "ether.tensor_header"],
    ["neg-tensor-trailing", "ether.tensor_size"],
    ["neg-tensor-dtype", "ether.tensor_header"],
  ])("%s is %s", (id, code) => {
    expect(() => tensorF32Codec.decode(goldenBytes(id), {})).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

function float32(numbers: readonly number[]): TensorView {
  return new TensorView("float32", [numbers.length], Float32Array.from(numbers));
}

function numbersOf(value: Value): number[] {
  return Array.from(elementsOf(value) ?? [], Number);
}
