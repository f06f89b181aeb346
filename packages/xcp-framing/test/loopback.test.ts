import { describe, expect, test } from "@jest/globals";
import { isLoopback, refuseInsecure } from "#src/loopback.js";

describe("§20: what stays on this host", () => {
  test.each([
    "127.0.0.1",
    "127.255.3.4",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::0001",
    "::1%lo",
    "::ffff:127.0.0.1",
    "::ffff:7f01:203",
    "0:0:0:0:0:FFFF:7F01:203",
    "localhost",
    "a.LOCALHOST",
  ])("%s", (host) => {
    expect(isLoopback(host)).toBe(true);
    refuseInsecure({ transport: "tcp", doing: "connecting to", host, port: 1 }, undefined);
  });

  test.each([
    "0.0.0.0",
    "::",
    "::2",
    "1::1",
    "::1:1",
    "::ffff:8f00:1",
    "64:ff9b::127.0.0.1",
    "10.0.0.1",
    "128.0.0.1",
    "127.0.0.1.example.com",
    "notlocalhost",
    "localhost.example.com",
    "",
  ])("not %j", (host) => {
    expect(isLoopback(host)).toBe(false);
    const use = { transport: "tcp", doing: "listening at", host, port: 1 };
    expect(() => refuseInsecure(use, undefined)).toThrow(/use TLS, or set allowInsecure/);
    expect(() => refuseInsecure(use, false)).toThrow(
      expect.objectContaining({ code: "xcp.crypt_required", retryable: false }),
    );
    refuseInsecure(use, true);
  });
});
