import { describe, expect, test } from "@jest/globals";
import { formatShmUri, isWireError, parseShmUri, type ShmUri } from "@proj/wire-types";
import fc from "fast-check";
import { fuzzRuns } from "../../../tools/jest/fuzz-runs.js";

const refused = expect.objectContaining({ code: "wire.invalid_uri" });

describe("an object's URI", () => {
  test.each<[string, ShmUri]>([
    ["shm://emb/42", { kind: "object", namespace: "emb", name: "42" }],
    [
      "shm://arrow/batch-7f_.x#4096,10",
      {
        kind: "object",
        namespace: "arrow",
        name: "batch-7f_.x",
        range: { offset: 4096, size: 10 },
      },
    ],
    [
      "shm://a/...#0,9007199254740991",
      { kind: "object", namespace: "a", name: "...", range: { offset: 0, size: 2 ** 53 - 1 } },
    ],
    [
      `shm://${"n".repeat(64)}/${"m".repeat(64)}`,
      { kind: "object", namespace: "n".repeat(64), name: "m".repeat(64) },
    ],
  ])("%s is read and written", (text, uri) => {
    expect(parseShmUri(text)).toEqual(uri);
    expect(formatShmUri(uri)).toBe(text);
  });

  test.each([
    "",
    "shm:",
    "shm://",
    "shm://a",
    "shm://a/",
    "shm:///b",
    "shm://a/b/c",
    "shm://../b",
    "shm://a/..",
    "shm://./b",
    "shm://a/.",
    "shm://a/b c",
    "shm://a/b\n",
    "shm://a/ü",
    "shm://a/%41",
    "shm://a/b?c",
    "shm://a/b#",
    "shm://a/b#1",
    "shm://a/b#1,",
    "shm://a/b#-1,2",
    "shm://a/b#1,2,3",
    "shm://a/b#0x1,2",
    "shm://a/b#1.5,2",
    "shm://a/b#9007199254740991,1",
    "shm://a/b#0,9007199254740992",
    `shm://${"n".repeat(65)}/b`,
    "SHM://a/b",
    "http://a/b",
    " shm://a/b",
  ])("%j is refused", (text) => {
    expect(() => parseShmUri(text)).toThrow(refused);
  });
});

describe("a file's URI", () => {
  test.each([
    ["shm:file?path=/dev/shm/a", "/dev/shm/a", false],
    ["shm:file?path=/a=b#c%20|require_hugepages=true", "/a=b#c%20", true],
    ["shm:file?path=C:\\shm\\a", "C:\\shm\\a", false],
    ["shm:file?path=d:/a~", "d:/a~", false],
  ])("%s is read and written", (text, path, requireHugepages) => {
    const uri = { kind: "file", path, requireHugepages } as const;
    expect(parseShmUri(text)).toEqual(uri);
    expect(formatShmUri(uri)).toBe(text);
  });

  test("parameters come in either order, and an explicit false is dropped when written", () => {
    const text = "shm:file?require_hugepages=false|path=/a";
    expect(formatShmUri(parseShmUri(text))).toBe("shm:file?path=/a");
  });

  test.each([
    "shm:file?",
    "shm:file?path=",
    "shm:file?path=a",
    "shm:file?path=./a",
    "shm:file?path=C:a",
    "shm:file?path=/a b",
    "shm:file?path=/a?b",
    "shm:file?path=/ü",
    "shm:file?path=/a\u0000",
    "shm:file?path=/a\u007f",
    "shm:file?path=/a|",
    "shm:file?|path=/a",
    "shm:file?path=/a||require_hugepages=true",
    "shm:file?p=/a",
    "shm:file?path=/a|path=/a",
    "shm:file?path=/a|require_hugepages=TRUE",
    "shm:file?path=/a|require_hugepages=",
    "shm:file?path=/a|require_hugepages=true|require_hugepages=true",
    "shm:file?path=/a|other=1",
    "shm:file?require_hugepages=true",
    "shm:files?path=/a",
    "shm:file",
  ])("%j is refused", (text) => {
    expect(() => parseShmUri(text)).toThrow(refused);
  });

  test("an ampersand may stand in a path but separates nothing", () => {
    expect(parseShmUri("shm:file?path=/a&b")).toMatchObject({ path: "/a&b" });
    expect(() => parseShmUri("shm:file?path=/a&require_hugepages=true")).toThrow(refused);
  });
});

test.each<ShmUri>([
  { kind: "object", namespace: "a/b", name: "c" },
  { kind: "object", namespace: "a", name: "b#1,2" },
  { kind: "object", namespace: "a", name: "b", range: { offset: -1, size: 2 } },
  { kind: "object", namespace: "a", name: "b", range: { offset: 0.5, size: 2 } },
  { kind: "file", path: "/a|require_hugepages=true", requireHugepages: false },
])("what does not fit the grammar is not written: %j", (uri) => {
  expect(() => formatShmUri(uri)).toThrow(refused);
});

test("any text is a URI that can be written again, or refused by code", () => {
  const piece = fc.constantFrom("shm:", "//", "/", "#", ",", "file?", "path=", "|", "..", "a", "9");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map((all) => all.join("")),
        fc.string(),
      ),
      (text) => {
        let uri: ShmUri;
        try {
          uri = parseShmUri(text);
        } catch (error) {
          expect(isWireError(error) && error.code).toBe("wire.invalid_uri");
          return;
        }
        expect(parseShmUri(formatShmUri(uri))).toEqual(uri);
      },
    ),
    fuzzRuns(1000),
  );
});
