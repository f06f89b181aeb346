import { describe, expect, test } from "@jest/globals";
import { asWireError, isWireError, WireCodes, WireError, wireError } from "@proj/wire-types";

class SampleError extends WireError {}

describe("a wire error", () => {
  test("carries the facts of its code", () => {
    const cause = new Error("below");
    const error = wireError("wire.timeout", "no answer in 30 s", {
      cause,
      details: { waitMs: 30_000 },
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: "wire.timeout",
      scope: "message",
      retryable: true,
      wire: 0,
      details: { waitMs: 30_000 },
    });
    expect(error.message).toBe("no answer in 30 s");
    expect(error.cause).toBe(cause);
  });

  test("is named after the package's own class and keeps its number on the wire", () => {
    const info = { wire: 0x0104, scope: "stream", retryable: false } as const;
    const error = new SampleError("sample.bad", info, "bad");
    expect(error.name).toBe("SampleError");
    expect(error.wire).toBe(0x0104);
    expect("cause" in error).toBe(false);
  });

  test("is recognised from another copy of the package, and nothing else is", () => {
    expect(isWireError(new SampleError("sample.bad", WireCodes["wire.closed"], ""))).toBe(true);
    expect(isWireError({ wireErrorBrand: true, code: "other.copy" })).toBe(true);
    for (const other of [new Error("x"), null, undefined, "wire.closed", 1, {}]) {
      expect(isWireError(other)).toBe(false);
    }
  });
});

describe("whatever was thrown", () => {
  test("stays itself when it is one already", () => {
    const error = wireError("wire.closed", "gone");
    expect(asWireError(error, "wire.timeout")).toBe(error);
  });

  test.each([
    [new TypeError("boom"), "boom"],
    ["text", "text"],
    [undefined, "[object Undefined]"],
    [Symbol("s"), "[object Symbol]"],
    [Object.create(null), "[object Object]"],
    [
      Object.assign(new Error("80E5:error:0A:SSL routines:ssl3_read_bytes:alert:rec.c:1601:\n"), {
        library: "SSL routines",
        reason: "tlsv1 alert access denied",
      }),
      "tlsv1 alert access denied",
    ],
  ])("becomes one, with it as the cause", (thrown, message) => {
    const error = asWireError(thrown, "wire.connection_failed");
    expect(error.code).toBe("wire.connection_failed");
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });
});

test("every code has the form wire.snake_case", () => {
  for (const code of Object.keys(WireCodes)) expect(code).toMatch(/^wire\.[a-z0-9_]+$/);
});
