import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { PosixShm } from "@proj/ether-codecs/node";
import { parseShmUri, type ShmObjectUri } from "@proj/wire-types";
import { shmFolder } from "./shm-folder.js";

const { folder, shm } = shmFolder();
const content = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const maxBytes = 1024;
const unavailable = expect.objectContaining({ code: "ether.shm_unavailable", wire: 0x0306 });
const invalid = expect.objectContaining({ code: "ether.attachment_invalid", wire: 0x0305 });

function uri(name: string): ShmObjectUri {
  return { kind: "object", namespace: "ns", name };
}

function made(name: string): string {
  shm.create(uri(name), content);
  return join(folder, `xcp.ns.${name}`);
}

describe("§16.3: creating", () => {
  test("exclusively, mode 0600, with the whole content", () => {
    const path = made("new");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(shm.read("shm://ns/new", { maxBytes })).toEqual(content);
    expect(() => shm.create(uri("new"), content)).toThrow(unavailable);
  });

  test("never through a link that someone put there", () => {
    const target = join(folder, "victim");
    symlinkSync(target, join(folder, "xcp.ns.trap"));
    expect(() => shm.create(uri("trap"), content)).toThrow(unavailable);
    expect(existsSync(target)).toBe(false);
  });

  test("an empty object is one", () => {
    shm.create(uri("empty"), new Uint8Array(0));
    expect(shm.read("shm://ns/empty", { maxBytes })).toEqual(new Uint8Array(0));
  });

  test("a system without the folder says so", () => {
    expect(() => new PosixShm({ folder: join(folder, "nowhere") })).toThrow(/nowhere/);
    expect(() => new PosixShm({ folder: join(folder, "nowhere") })).toThrow(unavailable);
  });
});

test("§16.3: what an instance created and did not unlink can be unlinked at its end", () => {
  const ending = new PosixShm({ folder });
  const [kept, gone] = ["kept", "gone"].map(
    (name) => ({ kind: "object", namespace: "end", name }) as const,
  );
  if (kept === undefined || gone === undefined) throw new Error("no names");
  ending.create(kept, content);
  ending.create(gone, content);
  ending.unlink(gone);
  made("of-another");
  ending.unlinkCreated();
  ending.unlinkCreated();
  expect(existsSync(join(folder, "xcp.end.kept"))).toBe(false);
  expect(existsSync(join(folder, "xcp.ns.of-another"))).toBe(true);
});

describe("§16.3: reading", () => {
  test("a range, in memory of its own", () => {
    made("range");
    const bytes = shm.read("shm://ns/range#2,3", { maxBytes });
    expect([...bytes]).toEqual([3, 4, 5]);
    expect(bytes.buffer.byteLength).toBe(3);
    expect([...shm.read("shm://ns/range", { sizeBytes: 2, maxBytes })]).toEqual([1, 2]);
  });

  test.each([
    ["past the end", "shm://ns/bounds#4,5"],
    ["from past the end", "shm://ns/bounds#9,0"],
    ["whose end overflows", "shm://ns/bounds#9007199254740991,0"],
    ["of nothing that exists", "shm://ns/absent"],
  ])("a range %s is unavailable", (_, text) => {
    if (!existsSync(join(folder, "xcp.ns.bounds"))) made("bounds");
    expect(() => shm.read(text, { maxBytes })).toThrow(unavailable);
  });

  test.each([
    "shm://ns/../etc/passwd",
    "shm://../x",
    "shm://ns/..",
    "shm://./x",
    "shm://ns/a/b",
    "shm://ns/a%2fb",
    "shm://ns/a\0b",
    "shm://ns/",
    "shm://ns/x#-1,2",
    "shm://ns/x#0,9007199254740992",
    `shm://ns/${"a".repeat(65)}`,
    "file:///etc/passwd",
    "shm:file?path=/etc/passwd",
    "/etc/passwd",
  ])("%p is no name of an object", (text) => {
    expect(() => shm.read(text, { maxBytes })).toThrow(invalid);
  });

  test("links are not followed", () => {
    writeFileSync(join(folder, "secret"), content, { mode: 0o600 });
    symlinkSync(join(folder, "secret"), join(folder, "xcp.ns.link"));
    expect(() => shm.read("shm://ns/link", { maxBytes })).toThrow(unavailable);
  });

  test("folders and FIFOs are no objects, and nobody waits for a FIFO", () => {
    mkdirSync(join(folder, "xcp.ns.folder"));
    expect(() => shm.read("shm://ns/folder", { maxBytes })).toThrow(unavailable);
    execFileSync("sh", ["-c", 'mkfifo "$0"', join(folder, "xcp.ns.fifo")]);
    expect(() => shm.read("shm://ns/fifo", { maxBytes })).toThrow(unavailable);
  });

  test("an object that others may write to is not trusted", () => {
    const path = made("open");
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(path, mode);
      expect(() => shm.read("shm://ns/open", { maxBytes })).toThrow(unavailable);
    }
    chmodSync(path, 0o644);
    expect(shm.read("shm://ns/open", { maxBytes })).toEqual(content);
  });

  test("an object of another user is not trusted", () => {
    made("foreign");
    const other = new PosixShm({ folder, ownerUid: 987_654 });
    expect(() => other.read("shm://ns/foreign", { maxBytes })).toThrow(/belongs to user/);
    expect(other.entries()).toEqual([]);
  });

  test("an object that shrank is unavailable, never short", () => {
    const path = made("shrunk");
    truncateSync(path, 4);
    expect(() => shm.read("shm://ns/shrunk#0,8", { maxBytes })).toThrow(unavailable);
    expect(() => shm.read("shm://ns/shrunk", { sizeBytes: 8, maxBytes })).toThrow(unavailable);
  });

  test("a size beyond the limit is refused before it is allocated", () => {
    const path = made("sparse");
    truncateSync(path, 2 ** 40);
    const tooLarge = expect.objectContaining({ code: "ether.too_large" });
    expect(() => shm.read("shm://ns/sparse", { maxBytes })).toThrow(tooLarge);
    expect(() => shm.read(`shm://ns/sparse#0,${2 ** 40}`, { maxBytes })).toThrow(tooLarge);
  });

  test("a size that is not its range's is a lie", () => {
    made("lie");
    const options = { sizeBytes: 5, maxBytes };
    expect(() => shm.read("shm://ns/lie#0,4", options)).toThrow(invalid);
  });
});

describe("unlinking and listing", () => {
  test("what is gone is gone", () => {
    made("gone");
    expect(shm.unlink(uri("gone"))).toBe(true);
    expect(shm.unlink(uri("gone"))).toBe(false);
    expect(() => shm.read("shm://ns/gone", { maxBytes })).toThrow(unavailable);
  });

  test("only names of ours, and nothing outside the folder", () => {
    writeFileSync(join(folder, "other"), "x");
    expect(shm.unlinkObject("other")).toBe(false);
    expect(shm.unlinkObject("xcp.x/../other")).toBe(false);
    expect(readdirSync(folder)).toContain("other");
  });

  test("lists regular files of ours alone", () => {
    const path = made("listed");
    linkSync(path, join(folder, "not-ours"));
    const names = shm.entries().map(({ object }) => object);
    expect(names).toContain("xcp.ns.listed");
    expect(names).not.toContain("not-ours");
    expect(names).not.toContain("xcp.ns.link");
    expect(names).not.toContain("xcp.ns.folder");
  });

  test("the parts of a URI parse back from what we format", () => {
    expect(parseShmUri("shm://ns/a#0,8")).toEqual({ ...uri("a"), range: { offset: 0, size: 8 } });
  });
});
