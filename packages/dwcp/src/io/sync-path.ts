import { open } from "node:fs/promises";

/** Has the disk keep what a file holds. */
export function syncFile(path: string): Promise<void> {
  // Windows syncs only what could be written.
  return sync(path, "r+");
}

/** Has the disk keep which names a directory has. Windows cannot sync one, and needs it for nothing. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform !== "win32") await sync(path, "r");
}

async function sync(path: string, flags: "r" | "r+"): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
