import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import {
  isContained,
  MAX_SCHEMA_FILE_BYTES,
  parseSchemaIndex,
  registerIndex,
  type SchemaIndex,
} from "../schema/schema-index.js";
import { type SchemaRegistry } from "../schema/schema-registry.js";
import { type Sha256 } from "../schema/sha256.js";
import { standardSchemas } from "../schema/standard-schemas.js";

/** SHA-256 by Node. */
export const sha256Node: Sha256 = (bytes) =>
  new Uint8Array(createHash("sha256").update(bytes).digest());

/** What a folder of schemas holds. */
export interface SchemaFolder {
  /** The standard kinds and those of the folder. */
  readonly registry: SchemaRegistry;
  /** The index as it was read, with the adapters that need code: see `bindAdapters`. */
  readonly index: SchemaIndex;
}

/**
 * Loads `index.json` of a folder and every schema it names, each verified, on top of the standard kinds.
 *
 * @throws RangeError for a malformed index, a file that is missing or too large, or a path that leaves the folder,
 * through a symbolic link too.
 * @throws EtherError as `SchemaRegistry.add` does.
 * @see spec/xcp.md §18
 */
export async function loadSchemaFolder(folder: string): Promise<SchemaFolder> {
  const root = await realpath(folder);
  const index = parseSchemaIndex(await readContained(root, "index.json"));
  const documents = new Map<string, Uint8Array>();
  for (const { file } of index.schemas) {
    if (!documents.has(file)) documents.set(file, await readContained(root, file));
  }
  const registry = standardSchemas({ sha256: sha256Node });
  registerIndex(registry, index, documents);
  return { registry, index };
}

// The path is resolved before it is opened: what a link points to must lie in the folder as well.
async function readContained(root: string, file: string): Promise<Uint8Array> {
  if (!isContained(file)) throw new RangeError(`${file} leaves the folder of the index`);
  const path = await realpath(join(root, file)).catch((cause: unknown) => {
    throw new RangeError(`${file} cannot be read`, { cause });
  });
  const inside = relative(root, path);
  if (inside === ".." || inside.startsWith(`..${sep}`) || join(root, inside) !== path) {
    throw new RangeError(`${file} leaves the folder of the index`);
  }
  const found = await stat(path);
  if (!found.isFile()) throw new RangeError(`${file} is no file`);
  if (found.size > MAX_SCHEMA_FILE_BYTES) {
    throw new RangeError(`${file} has ${found.size} bytes, limit ${MAX_SCHEMA_FILE_BYTES}`);
  }
  return new Uint8Array(await readFile(path));
}
