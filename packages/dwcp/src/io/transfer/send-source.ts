import { type ByteSource, memorySource } from "../../hde/byte-source.js";
import { FileSource } from "../store/file-source.js";
import { sharedBytes, type SourceSpec } from "../workers/source-spec.js";

/** Bytes that are sent, or sent against: for this thread and for workers. */
export interface SendSource {
  readonly source: ByteSource;
  readonly spec: SourceSpec;
  /** Throws `dwcp.source_changed` when a file is no longer what was opened. */
  check(): void;
  close(): void;
}

/** Opens a file, or shares bytes with the workers: they are copied unless they are shared already. */
export function openSendSource(from: string | Uint8Array): SendSource {
  if (typeof from !== "string") {
    const bytes = sharedBytes(from);
    return {
      source: memorySource(bytes),
      spec: { kind: "shared", bytes },
      check: () => undefined,
      close: () => undefined,
    };
  }
  const file = new FileSource(from);
  return {
    source: file,
    spec: { kind: "file", path: from, length: file.length },
    check: () => file.check(),
    close: () => file.close(),
  };
}
