import { DEFAULT_SESSION_LIMITS } from "./limits.js";
import { nativeValues } from "./wire/encoding-level.js";
import type { ReferenceReader, ReferenceWriter } from "./wire/reference-port.js";
import { ValueReader } from "./wire/value-reader.js";
import { ValueWriter } from "./wire/value-writer.js";

/**
 * Writes `value` as the text a session would send for it.
 *
 * @throws TypeError for a value that cannot cross; Error for stubs, streams and blobs, which need a
 * session, and beyond 256 levels of nesting.
 * @see spec/capnweb.md §5
 */
export function serialize(value: unknown): string {
  return JSON.stringify(writer.write(value, 0));
}

/**
 * Reads text that {@link serialize}, or the reference's, wrote.
 *
 * @throws SyntaxError when `text` is not JSON; TypeError when it is no expression or exceeds
 * {@link DEFAULT_SESSION_LIMITS}; Error for references, which need a session.
 * @see spec/capnweb.md §5
 */
export function deserialize(text: string): unknown {
  const holder = {};
  return reader.read(JSON.parse(text), 0, holder, "value");
}

const noWriter: ReferenceWriter = {
  writeReference: () => refuse("Can't serialize RPC stubs in this context."),
  writeReadable: () => refuse("Can't serialize ReadableStream in this context."),
  writeWritable: () => refuse("Can't serialize WritableStream in this context."),
  writeBlob: () => refuse("Cannot create pipes without an RPC session."),
  replaceError: () => undefined,
  mark: () => 0,
  takeBack: () => {
    // Nothing can have been exported.
  },
};

const noReader: ReferenceReader = {
  readReference: ([tag, id]) => {
    if (tag === "readable") refuse("Cannot retrieve pipe readable without an RPC session.");
    if (tag === "import" || tag === "pipeline" || tag === "remap") {
      refuse(`no such entry on exports table: ${String(id)}`);
    }
    return refuse("Cannot deserialize RPC stubs without an RPC session.");
  },
  readBlob: () => refuse("Cannot retrieve pipe readable without an RPC session."),
};

const writer = new ValueWriter(nativeValues("string"), noWriter, DEFAULT_SESSION_LIMITS);
const reader = new ValueReader(DEFAULT_SESSION_LIMITS, noReader);

function refuse(message: string): never {
  throw new Error(message);
}
