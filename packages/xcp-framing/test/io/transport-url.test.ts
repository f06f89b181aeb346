import { describe, expect, test } from "@jest/globals";
import { NETWORK_SCHEMES, parseTransportUrl, parseUnixUrl } from "@proj/xcp-framing/node";

describe("parseTransportUrl", () => {
  test.each([
    ["xcp://host", 9944, "/", "xcp://host:9944"],
    ["xcps://host:1", 1, "/", "xcps://host:1"],
    ["ws://host/xcp", 80, "/xcp", "ws://host:80/xcp"],
    ["wss://host:443/", 443, "/", "wss://host:443"],
    ["h2://[::1]/a/b", 443, "/a/b", "h2://[::1]:443/a/b"],
    ["h2c://user:secret@host/?token=x", 80, "/", "h2c://host:80"],
  ])("takes %s apart, without its secrets", (text, port, path, where) => {
    const parsed = parseTransportUrl(text);
    expect(parsed).toMatchObject({ endpoint: { kind: "inet", port }, path, where });
    expect(NETWORK_SCHEMES).toContain(parsed.scheme);
  });

  test.each(["", "host:9944", "http://host", "xcp://", "xcp://host#part", "xcp://host:99999"])(
    "refuses %j",
    (text) => {
      expect(() => parseTransportUrl(text)).toThrow(
        expect.objectContaining({ code: "wire.invalid_uri" }),
      );
    },
  );

  test("takes only the schemes that are asked for", () => {
    expect(() => parseTransportUrl("ws://host", ["xcp", "xcps"])).toThrow(
      "in place of xcp:, xcps:",
    );
  });
});

test("parseUnixUrl finds the path with one slash or three", () => {
  expect(parseUnixUrl("unix:/run/xcp.sock")).toBe("/run/xcp.sock");
  expect(parseUnixUrl("unix:///run/xcp.sock")).toBe("/run/xcp.sock");
  expect(parseUnixUrl("xcp://host")).toBeUndefined();
  expect(() => parseUnixUrl("unix:")).toThrow("names no path");
});
