import { expect, test } from "@jest/globals";
import { type DType, TensorView, typedView } from "@proj/wire-types";
import {
  AttachmentRef,
  createEther,
  decodeEtherProto,
  encodeEtherProto,
  quantize,
  QuantizedTensor,
  tensorAttachment,
  tensorOfAttachment,
} from "@proj/ether-codecs";

test.each<DType>(["float32", "float16", "int64", "bool", "uint8"])(
  "§13: a %s tensor travels as an attachment without a tensor header",
  (dtype) => {
    const tensor = new TensorView(dtype, [2, 3], typedView(dtype, new Uint8Array(48)).slice(0, 6));
    const { attachment, payload } = tensorAttachment("t", tensor);
    expect(attachment).toMatchObject({ shape: [2, 3], dtype, sizeBytes: tensor.toBytes().length });
    expect(payload).toEqual({});
    const ether = createEther({
      kind: "report",
      payload: { t: new AttachmentRef("t") },
      attachments: [attachment],
    });
    const back = decodeEtherProto(encodeEtherProto(ether));
    expect(tensorOfAttachment(back, "t")).toEqual(tensor);
  },
);

test("§13: an 8-bit tensor has its header in the payload", () => {
  const values = Float32Array.of(1, -2, 3, -4);
  const tensor = quantize([2, 2], values, "row");
  const { attachment, payload } = tensorAttachment("q", tensor);
  expect(attachment).toMatchObject({ codec: "TENSOR_QNT8", sizeBytes: tensor.data.length });
  expect(payload["q.header"]).toHaveLength(32);
  const ether = createEther({
    kind: "report",
    payload: { ...payload, q: new AttachmentRef("q") },
    attachments: [attachment],
  });
  const back = tensorOfAttachment(decodeEtherProto(encodeEtherProto(ether)), "q");
  expect(back).toBeInstanceOf(QuantizedTensor);
  expect((back as QuantizedTensor).toTensor()).toEqual(tensor.toTensor());
});

test("§13: an 8-bit tensor whose header is missing is refused", () => {
  const attachment = { id: "q", codec: "TENSOR_QNT8", inlineBytes: new Uint8Array(4) };
  const ether = createEther({ kind: "report", payload: {}, attachments: [attachment] });
  expect(() => tensorOfAttachment(ether, "q")).toThrow(
    expect.objectContaining({ code: "ether.tensor_header" }),
  );
});

test("what is no tensor, or elsewhere, reads as none", () => {
  const attachments = [
    { id: "raw", inlineBytes: new Uint8Array(4) },
    { id: "far", uri: "shm://a/b", shape: [1], dtype: "uint8" as const, sizeBytes: 1 },
  ];
  const ether = createEther({ kind: "report", payload: {}, attachments });
  for (const id of ["raw", "far", "absent"]) expect(tensorOfAttachment(ether, id)).toBeUndefined();
});
