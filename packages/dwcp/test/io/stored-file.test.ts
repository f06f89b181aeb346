import { afterAll, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Codec } from "@proj/dwcp";
import { openSendSource, type SendFrom } from "#src/io/transfer/send-source.js";
import { StoredFile } from "#src/io/transfer/stored-file.js";
import { noise, platform, settingsOf } from "../support/hde.js";

const folder = mkdtempSync(join(tmpdir(), "dwcp-stored-"));
const settings = { ...settingsOf(), level: 0 };
const STEP = 262_144;

afterAll(() => rmSync(folder, { recursive: true }));

function stored(from: SendFrom): { file: StoredFile; close: () => void } {
  const object = openSendSource(from);
  const file = StoredFile.of(object, settings);
  if (file === undefined) throw new Error("it is stored as it is");
  return { file, close: () => object.close() };
}

function written(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test("a file is read unit by unit, and zeros stay zeros", async () => {
  const bytes = new Uint8Array(4 * STEP + 1_000);
  bytes.set(noise(STEP, 1));
  bytes.set(noise(STEP + 1_000, 2), 3 * STEP);
  const { file, close } = stored(written("zeros", bytes));
  expect(file.extentBytes(200_000)).toBe(200_704);
  for (let start = 0; start < bytes.length; start += STEP) {
    const end = Math.min(bytes.length, start + STEP);
    const units = await file.encode({ start, end });
    let at = start;
    for (const { rawOffset, rawBytes, rawCrc, codec, encoded } of units) {
      const raw = bytes.subarray(at, at + rawBytes);
      expect([rawOffset, rawCrc]).toEqual([at, platform.crc32(raw)]);
      expect(codec).toBe(start === STEP || start === 2 * STEP ? Codec.ZERO : Codec.RAW);
      if (codec === Codec.RAW) expect(Buffer.compare(encoded, raw)).toBe(0);
      at += rawBytes;
    }
    expect(at).toBe(end);
  }
  close();
});

test("memory is read into again once its unit has landed, and not before", async () => {
  const { file, close } = stored(written("again", noise(3 * STEP, 3)));
  const extent = (i: number) => ({ start: i * STEP, end: (i + 1) * STEP });
  const [first] = await file.encode(extent(0));
  const [second] = await file.encode(extent(1));
  if (first === undefined || second === undefined) throw new Error("there are units");
  expect(second.encoded.buffer).not.toBe(first.encoded.buffer);
  file.landed(first);
  const [third] = await file.encode(extent(2));
  expect(third?.encoded.buffer).toBe(first.encoded.buffer);
  expect(Buffer.compare(second.encoded, noise(3 * STEP, 3).subarray(STEP, 2 * STEP))).toBe(0);
  close();
});

test("memory that several units share is left alone", async () => {
  const bytes = noise(4 * STEP, 4);
  bytes.fill(0, STEP / 2, STEP / 2 + STEP);
  const { file, close } = stored(written("shared", bytes));
  const units = await file.encode({ start: 0, end: 2 * STEP });
  expect(units.map(({ codec }) => codec)).toEqual([Codec.RAW, Codec.ZERO, Codec.RAW]);
  for (const unit of units) file.landed(unit);
  const [next] = await file.encode({ start: 2 * STEP, end: 4 * STEP });
  expect(next?.encoded.buffer).not.toBe(units[0]?.encoded.buffer);
  close();
});

test("a file that became shorter is told, and one that is closed is read no more", async () => {
  const path = written("shorter", noise(2 * STEP, 5));
  const { file, close } = stored(path);
  truncateSync(path, STEP);
  const extent = { start: STEP, end: 2 * STEP };
  await expect(file.encode(extent)).rejects.toMatchObject({ code: "dwcp.source_changed" });
  const late = file.encode({ start: 0, end: STEP });
  close();
  // What was under way ends before the file's number may be another one's.
  expect((await late).length).toBe(1);
  await expect(file.encode(extent)).rejects.toMatchObject({ code: "dwcp.shutdown" });
});

test("only whole files that nothing is searched in are read so", () => {
  const object = openSendSource(written("searched", noise(1_000, 6)));
  expect(StoredFile.of(object, { ...settings, level: 1 })).toBeUndefined();
  object.close();
  expect(StoredFile.of(openSendSource(noise(1_000, 6)), settings)).toBeUndefined();
});
