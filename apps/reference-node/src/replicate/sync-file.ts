import { open } from "node:fs/promises";

/** Has the disk keep what a file holds; returns its length. */
export async function syncFile(path: string): Promise<number> {
  const file = await open(path, "r+");
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
