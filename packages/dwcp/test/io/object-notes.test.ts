import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ObjectStore, type StoredObject } from "#src/io/store/object-store.js";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { noise, platform } from "../support/hde.js";

const bytes = noise(50_000, 1);
const transferId = "ab".repeat(16);
let folder: string;
let object: StoredObject;
let early: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dwcp-notes-"));
  const store = new ObjectStore(folder, platform);
  const offer = {
    kind: "OFFER",
    transferId,
    objectKey: "db",
    generation: 3,
    rawLength: bytes.length,
    pageBytes: 4_096,
    leafBytes: 1_048_576,
    rootHash: undefined,
    baselines: [],
    dictionaries: [],
    transferKind: "blob",
    priority: 1,
    deadlineMs: undefined,
    metadata: {},
  } as unknown as Parameters<ObjectStore["commit"]>[1];
  const part = store.part(offer);
  await part.write(0, bytes, platform.crc32(bytes));
  await part.sync();
  await part.stop();
  object = await store.commit(part, offer, bytes.length, "cd".repeat(32));
  early = join(dirname(object.path), `3.${transferId}.new`);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const note = () => object.path.replace(/bin$/, "json");
const files = () => readdirSync(dirname(object.path)).toSorted();

test("B7: an object has a note beside it, and nothing else", () => {
  expect(files()).toEqual(["3.bin", "3.json"]);
  expect(readFileSync(object.path).equals(bytes)).toBe(true);
});

test("C3: what was killed between the object's name and its note's is committed when it starts again", () => {
  renameSync(note(), early);
  expect(new ObjectStore(folder, platform).committed(transferId)).toEqual(object);
  expect(files()).toEqual(["3.bin", "3.json"]);
});

test("C3: what was killed before is a part still, whatever object had the name", () => {
  const part = join(folder, "parts", `${transferId}.part`);
  renameSync(note(), early);
  renameSync(object.path, part);
  const old = { ...object, transferId: "ef".repeat(16), path: undefined, length: 3 };
  writeFileSync(object.path, "old");
  writeFileSync(note(), JSON.stringify(old));
  const again = new ObjectStore(folder, platform);
  expect(again.committed(transferId)).toBeUndefined();
  expect(again.objects).toEqual([{ ...old, path: object.path }]);
  expect(readFileSync(part).equals(bytes)).toBe(true);
});

test("C1: a note that is not whole, or not of these bytes, makes nothing an object", () => {
  for (const text of ['{"key":"db"', JSON.stringify({ ...object, length: 7 })]) {
    rmSync(note(), { force: true });
    writeFileSync(early, text);
    expect(new ObjectStore(folder, platform).objects).toEqual([]);
    expect(files()).toEqual(["3.bin"]);
  }
});
