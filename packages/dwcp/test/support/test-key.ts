import { createHash } from "node:crypto";

/** What both processes of a test know. */
export const testKey: Uint8Array = createHash("sha256").update("tests").digest();
