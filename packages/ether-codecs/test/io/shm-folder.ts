import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { PosixShm } from "@proj/ether-codecs/node";

/** Makes a folder that plays /dev/shm, so that no test meets the objects of another process. */
export function shmFolder(): { readonly folder: string; readonly shm: PosixShm } {
  const folder = mkdtempSync(join(tmpdir(), "xcp-shm-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, shm: new PosixShm({ folder }) };
}
