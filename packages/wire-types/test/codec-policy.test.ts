import { describe, expect, test } from "@jest/globals";
import { advertisedCodecs, CodecId, isCodecPolicy, parseCodecPolicy } from "@proj/wire-types";

const { JSON: json, PROTOBUF: proto, ARROW_IPC: arrow } = CodecId;

describe("§15.3: CODEC_POLICY", () => {
  test.each([undefined, "", "Any"])("%p is Any", (text) => {
    expect(parseCodecPolicy(text)).toBe("Any");
  });

  test("an unknown value is an error that names the choices", () => {
    expect(() => parseCodecPolicy("binaryrequired")).toThrow(
      /Any, BinaryPreferred, BinaryRequired/,
    );
    expect(["BinaryRequired", "binaryrequired", "toString"].map(isCodecPolicy)).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("JSON goes last where binary is preferred, and away where it is required", () => {
    const all = [json, proto, arrow];
    expect(advertisedCodecs(all, "Any")).toEqual(all);
    expect(advertisedCodecs(all, "BinaryPreferred")).toEqual([proto, arrow, json]);
    expect(advertisedCodecs([proto], "BinaryPreferred")).toEqual([proto]);
    expect(advertisedCodecs(all, "BinaryRequired")).toEqual([proto, arrow]);
  });
});
