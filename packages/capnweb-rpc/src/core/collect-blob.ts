import { failedHook, Hook } from "./hook.js";
import { Payload } from "./payload.js";
import { PendingCapability } from "./pending-capability.js";
import { valueHook } from "./value-capability.js";

/** Reads `stream` to its end and answers with a blob of `type`. spec/capnweb.md §5 */
export function collectBlob(type: string, stream: ReadableStream): Hook {
  const pending = new PendingCapability();
  const hook = new Hook(pending);
  readAll(stream).then(
    (parts) => pending.settle(valueHook(new Payload(new Blob(parts, { type }), "owned"))),
    (error: unknown) => pending.settle(failedHook(error)),
  );
  return hook;
}

async function readAll(stream: ReadableStream): Promise<BlobPart[]> {
  const reader = stream.getReader();
  const parts: BlobPart[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value as BlobPart);
  }
}
