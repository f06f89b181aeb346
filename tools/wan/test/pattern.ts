import { createHash } from "node:crypto";

/** What the sending process repeats. */
export const patternBlock: Buffer = Buffer.alloc(65_536, "a long way to go; ");

/** The SHA-256 of so many bytes of the pattern, a multiple of its length. */
export function patternHash(bytes: number): string {
  const hash = createHash("sha256");
  for (let done = 0; done < bytes; done += patternBlock.length) hash.update(patternBlock);
  return hash.digest("hex");
}
