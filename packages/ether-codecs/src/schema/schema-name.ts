import { formatHex, parseHex } from "@proj/wire-types";

/** The names and numbers that identify one schema. spec/xcp.md §18 */
export interface SchemaName {
  /** Who defines the kind, such as `xcp.std`. */
  readonly namespace: string;
  /** What is described. */
  readonly kind: string;
  /** Changes incompatibly, 1..65535. */
  readonly major: number;
  /** Grows additively, 0..65535. */
  readonly minor: number;
  /** The first 16 bytes of the SHA-256 over the canonical schema; absent = not claimed. */
  readonly hash128?: Uint8Array;
}

const form = /^([^:@]+):([^:@]+):(\d{1,5})\.(\d{1,5})(?:@([0-9a-f]{32}))?$/;

/** Writes `ns:kind:major.minor@hash128`; without a hash the part from `@` is left out. spec/xcp.md §18 */
export function formatSchemaName(name: SchemaName): string {
  const hash = name.hash128 === undefined ? "" : `@${formatHex(name.hash128)}`;
  return `${name.namespace}:${name.kind}:${name.major}.${name.minor}${hash}`;
}

/** Reads what {@link formatSchemaName} writes; `undefined` for any other text. spec/xcp.md §18 */
export function parseSchemaName(text: string): SchemaName | undefined {
  const [, namespace, kind, majorText, minorText, hash] = form.exec(text) ?? [];
  const major = Number(majorText);
  const minor = Number(minorText);
  if (namespace === undefined || kind === undefined || major > 0xffff || minor > 0xffff) {
    return undefined;
  }
  const name = { namespace, kind, major, minor };
  return hash === undefined ? name : { ...name, hash128: parseHex(hash) };
}
