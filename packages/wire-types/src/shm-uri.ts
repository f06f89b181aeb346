import { wireError } from "./errors.js";

/** Where in a shared object some bytes lie. */
export interface ShmRange {
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly size: number;
}

/** A named shared-memory object or a part of it: `shm://<ns>/<name>[#<offset>,<size>]`. spec/xcp.md §16.1 */
export interface ShmObjectUri {
  /** Which of the two forms this is. */
  readonly kind: "object";
  /** The namespace, 1..64 of `A-Z a-z 0-9 . _ -`. */
  readonly namespace: string;
  /** The name, of the same form. */
  readonly name: string;
  /** The part meant; absent = all of it. */
  readonly range?: ShmRange;
}

/** A memory-mapped file: `shm:file?path=…|require_hugepages=…`. spec/tensor-pool.md §5 */
export interface ShmFileUri {
  /** Which of the two forms this is. */
  readonly kind: "file";
  /** Absolute: `/…`, or drive-absolute as on Windows. Not yet checked against any allowed folder. */
  readonly path: string;
  /** Whether the file must lie on a huge-page file system. */
  readonly requireHugepages: boolean;
}

/** The name of shared memory, in either form. */
export type ShmUri = ShmObjectUri | ShmFileUri;

const objectForm = /^shm:\/\/([^/#]+)\/([^/#]+)(?:#(\d+),(\d+))?$/;
const label = /^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/;
// Visible ASCII without `?` and `|`, absolute on POSIX or on a Windows drive.
const absolutePath = /^(?:\/|[A-Za-z]:[\\/])[!->@-{}~]*$/;
// What a reader that took `&` for the separator would see as one more parameter.
const ampersandParam = /&\w+=/;
const fileForm = "shm:file?";

/**
 * Parses a URI of either form.
 *
 * @throws WireError `wire.invalid_uri`; the message does not repeat the URI.
 */
export function parseShmUri(text: string): ShmUri {
  if (text.startsWith(fileForm)) return parseFileUri(text.slice(fileForm.length));
  const match = objectForm.exec(text);
  if (match === null) throw invalid("it has neither the form shm://ns/name nor shm:file?path=");
  const [, namespace = "", name = "", offset, size] = match;
  const uri: ShmObjectUri = { kind: "object", namespace, name };
  return checked(
    offset === undefined ? uri : { ...uri, range: { offset: Number(offset), size: Number(size) } },
  );
}

/**
 * Formats a URI in its shortest form.
 *
 * @throws WireError `wire.invalid_uri` when a part does not fit the grammar.
 */
export function formatShmUri(uri: ShmUri): string {
  checked(uri);
  if (uri.kind === "file") {
    return `${fileForm}path=${uri.path}${uri.requireHugepages ? "|require_hugepages=true" : ""}`;
  }
  const range = uri.range === undefined ? "" : `#${uri.range.offset},${uri.range.size}`;
  return `shm://${uri.namespace}/${uri.name}${range}`;
}

function parseFileUri(query: string): ShmFileUri {
  let path: string | undefined;
  let hugepages: string | undefined;
  for (const param of query.split("|")) {
    const equals = param.indexOf("=");
    const key = param.slice(0, Math.max(0, equals));
    const value = param.slice(equals + 1);
    if (key === "path" && path === undefined) path = value;
    else if (key === "require_hugepages" && hugepages === undefined) hugepages = value;
    else throw invalid("a parameter is unknown or repeated");
  }
  if (path === undefined) throw invalid("it has no path");
  if (hugepages !== undefined && hugepages !== "true" && hugepages !== "false") {
    throw invalid("require_hugepages is neither true nor false");
  }
  return checked({ kind: "file", path, requireHugepages: hugepages === "true" });
}

function checked<T extends ShmUri>(uri: T): T {
  if (uri.kind === "file") {
    if (!absolutePath.test(uri.path)) throw invalid("its path is not absolute visible ASCII");
    if (ampersandParam.test(uri.path)) throw invalid("its parameters are separated by &, not |");
    return uri;
  }
  if (!label.test(uri.namespace)) throw invalid("its namespace is not 1..64 of A-Z a-z 0-9 . _ -");
  if (!label.test(uri.name)) throw invalid("its name is not 1..64 of A-Z a-z 0-9 . _ -");
  if (uri.range !== undefined && !isRange(uri.range)) throw invalid("its range exceeds 2^53-1");
  return uri;
}

// The end must be exact too, or a later comparison with the object's size could be fooled.
function isRange({ offset, size }: ShmRange): boolean {
  return [offset, size, offset + size].every((n) => Number.isSafeInteger(n) && n >= 0);
}

function invalid(why: string): Error {
  return wireError("wire.invalid_uri", `not a shared-memory URI: ${why}`);
}
