import { constants } from "node:fs";
import { copyFile, open, rm } from "node:fs/promises";
import { writeFully } from "./write-fully.js";

const BLOCK_BYTES = 1_048_576;
const zeros = Buffer.alloc(BLOCK_BYTES);

/** Copies a file. Where the file system can, both share their blocks. @throws the reason of `signal` */
export async function copyPlainly(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch {
    // Copied by the system it could not be stopped before its end.
    await rm(to, { force: true });
    await copyBlocks(from, to, signal, () => true);
  }
}

/** Copies a block device or the image of one; stretches of zeros become holes. @throws the reason of `signal` */
export async function copyImage(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await copyBlocks(from, to, signal, (bytes) => !bytes.equals(zeros.subarray(0, bytes.length)));
}

async function copyBlocks(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
  isWritten: (bytes: Buffer) => boolean,
): Promise<void> {
  const source = await open(from, "r");
  try {
    const target = await open(to, "wx", 0o600);
    try {
      const block = Buffer.alloc(BLOCK_BYTES);
      let at = 0;
      for (;;) {
        signal?.throwIfAborted();
        // A device does not say how long it is: it ends where reading ends.
        const { bytesRead } = await source.read(block, 0, BLOCK_BYTES, at);
        if (bytesRead === 0) break;
        const bytes = block.subarray(0, bytesRead);
        if (isWritten(bytes)) await writeFully(target, bytes, at);
        at += bytesRead;
      }
      await target.truncate(at);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
