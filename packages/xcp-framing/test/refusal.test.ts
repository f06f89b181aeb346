import { describe, expect, test } from "@jest/globals";
import { errorOfRefusal, refusalFrom, refusalOf } from "#src/refusal.js";
import { WireError, wireError } from "@proj/wire-types";
import { XcpError } from "@proj/xcp-framing";

describe("§9 codes", () => {
  test("an error is known by its number, an old peer gets the base code", () => {
    expect(refusalOf(new XcpError("xcp.chunk_state", "x"))).toMatchObject({
      wire: 0x0106,
      base: 2,
      retryable: true,
    });
  });

  test("private numbers have base 2, numbers of other tables base 4", () => {
    const info = { scope: "message", retryable: false } as const;
    const error = (wire: number) => new WireError("x.y", { wire, ...info }, "z");
    expect(refusalOf(error(0x9000)).base).toBe(2);
    expect(refusalOf(error(0x0666)).base).toBe(4);
  });

  test("only what has a number on the wire speaks for itself", () => {
    const own = new XcpError("xcp.validation", "bad");
    expect(refusalFrom(own)).toBe(own);
    for (const thrown of [wireError("wire.overflow", "x"), new Error("secret"), "text", null]) {
      expect(refusalFrom(thrown)).toMatchObject({ code: "xcp.app", message: "the handler failed" });
    }
  });

  test("an unknown number of the peer is not retryable, and keeps its number", () => {
    expect(errorOfRefusal(0x7123, undefined, undefined)).toMatchObject({
      code: "xcp.app",
      retryable: false,
      details: { error_code: 0x7123 },
    });
    expect(errorOfRefusal(0x0208, "later", 5)).toMatchObject({ code: "xcp.busy", retryable: true });
  });
});
