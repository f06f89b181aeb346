import { open } from "node:fs/promises";

const BLOCK_BYTES = 1_048_576;
const zeros = Buffer.alloc(BLOCK_BYTES);

/** Copies a block device or the image of one; stretches of zeros become holes. */
export async function copyImage(from: string, to: string): Promise<void> {
  const source = await open(from, "r");
  try {
    const target = await open(to, "wx");
    try {
      const block = Buffer.alloc(BLOCK_BYTES);
      let at = 0;
      for (;;) {
        // A device does not say how long it is: it ends where reading ends.
        const { bytesRead } = await source.read(block, 0, BLOCK_BYTES, at);
        if (bytesRead === 0) break;
        const bytes = block.subarray(0, bytesRead);
        if (!bytes.equals(zeros.subarray(0, bytesRead))) await writeFully(target, bytes, at);
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

async function writeFully(
  target: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
