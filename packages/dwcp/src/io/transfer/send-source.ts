import { type ByteSource, memorySource } from "../../hde/byte-source.js";
import { FileSource } from "../store/file-source.js";
import { ANY_LENGTH } from "../../wire/raw-length.js";
import { sharedBytes, type SourceSpec } from "../workers/source-spec.js";
import { Spool } from "./spool.js";

/** What can be sent: the path of a file, bytes that nobody changes meanwhile, or a stream whose length nobody knows yet. */
export type SendFrom = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Bytes that are sent, or sent against: for this thread and for workers. */
export interface SendSource {
  readonly source: ByteSource;
  readonly spec: SourceSpec;
  /** What still grows. */
  readonly spool?: Spool;
  /** Throws `dwcp.source_changed` when a file is no longer what was opened. */
  check(): void;
  close(): void;
}

/**
 * Opens a file, shares bytes with the workers (they are copied unless they are shared already), or spools a stream. A spool
 * stays its owner's.
 */
export function openSendSource(from: SendFrom | Spool): SendSource {
  if (from instanceof Uint8Array) {
    const bytes = sharedBytes(from);
    return { source: memorySource(bytes), spec: { kind: "shared", bytes }, ...NOTHING_TO_DO };
  }
  if (typeof from === "string") {
    const file = new FileSource(from);
    return {
      source: file,
      spec: { kind: "file", path: from, length: file.length },
      check: () => file.check(),
      close: () => file.close(),
    };
  }
  const spool = from instanceof Spool ? from : new Spool(from);
  const { path } = spool;
  return {
    source: spool,
    // Nobody knows its length; what is read of it is there.
    spec: { kind: "file", path, length: ANY_LENGTH },
    spool,
    check: () => undefined,
    close: () => (spool === from ? undefined : spool.close()),
  };
}

/** Says whether a source is a stream, which flows only once. */
export function isStream(from: SendFrom | Spool): from is AsyncIterable<Uint8Array> {
  return typeof from !== "string" && !(from instanceof Uint8Array) && !(from instanceof Spool);
}

const NOTHING_TO_DO = { check: () => undefined, close: () => undefined };
