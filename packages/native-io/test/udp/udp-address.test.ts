import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { isIP } from "node:net";
import { formatUdpAddress, parseUdpAddress } from "#src/udp/udp-address.js";

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 200), verbose: true };

describe("addresses", () => {
  test.each([
    ["0.0.0.0", "00000000000000000000ffff00000000"],
    ["192.168.1.255", "00000000000000000000ffffc0a801ff"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["fe80::", "fe800000000000000000000000000000"],
    ["2001:db8::8:800:200c:417a", "20010db80000000000080800200c417a"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
    ["::ffff:10.0.0.1", "00000000000000000000ffff0a000001"],
  ])("%s", (host, hex) => {
    const { ip, port, scope } = parseUdpAddress({ host, port: 7 });
    expect([Buffer.from(ip).toString("hex"), port, scope]).toEqual([hex, 7, 0]);
  });

  test("a scope is the number of an interface", () => {
    expect(parseUdpAddress({ host: "fe80::1%12", port: 0 }).scope).toBe(12);
    expect(() => parseUdpAddress({ host: "fe80::1%eth0", port: 0 })).toThrow(TypeError);
    expect(formatUdpAddress(parseUdpAddress({ host: "fe80::1%12", port: 1 })).host).toBe(
      "fe80::1%12",
    );
  });

  test("are written so that they are read back", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((each) => Uint8Array.from(each)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(65_535), fc.nat(99), (ip, port, scope) => {
        const own = ip[10] === 0xff && ip.subarray(0, 10).every((byte) => byte === 0) ? 0 : scope;
        const { host } = formatUdpAddress({ ip, port, scope: own });
        expect(parseUdpAddress({ host, port })).toEqual({ ip, port, scope: own });
      }),
      runs,
    );
  });

  test("no other text is one", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.%]{1,20}$/));
    fc.assert(
      fc.property(text, (host) => {
        if (isIP(host) !== 0 && !host.includes("%")) {
          expect(parseUdpAddress({ host, port: 0 }).ip).toHaveLength(16);
          return;
        }
        if (isIP(host) === 0) expect(() => parseUdpAddress({ host, port: 0 })).toThrow(TypeError);
      }),
      runs,
    );
    for (const port of [-1, 65_536, 0.5, Number.NaN]) {
      expect(() => parseUdpAddress({ host: "::1", port })).toThrow(RangeError);
    }
  });
});
