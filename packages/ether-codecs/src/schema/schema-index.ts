import { z } from "zod";
import { type AdapterNode, formatNode, parseNode, type Adapter } from "../adapters/adapter.js";
import { EtherError } from "../errors.js";
import { formatIssues } from "../ether-init.js";
import { parseJson } from "../json/parse-json.js";
import { type EtherLimits, resolveEtherLimits } from "../limits.js";
import type { JsonSchemaObject } from "./json-schema.js";
import { formatSchemaName } from "./schema-name.js";
import type { SchemaRegistry } from "./schema-registry.js";

/** Bytes that an index or one schema file may have. */
export const MAX_SCHEMA_FILE_BYTES = 1_048_576;

/** One schema of an index. */
export interface SchemaIndexEntry {
  /** Who defines the kind. */
  readonly namespace: string;
  /** What is described. */
  readonly kind: string;
  /** Major version. */
  readonly major: number;
  /** Minor version. */
  readonly minor: number;
  /** Path below the index's folder, with `/`. */
  readonly file: string;
  /** SHA-256 over the canonical document, lowercase hex. */
  readonly sha256: string;
}

/** One adapter of an index: a promise that needs code under its name. */
export interface AdapterIndexEntry {
  /** What it takes. */
  readonly from: AdapterNode;
  /** What it gives. */
  readonly to: AdapterNode;
  /** Positive integer. */
  readonly cost?: number | undefined;
  /** Whether something is lost. */
  readonly lossy?: boolean | undefined;
  /** Unique. */
  readonly name: string;
}

/** The content of `schemas/index.json`. spec/xcp.md §18 */
export interface SchemaIndex {
  /** The schemas, in no particular order. */
  readonly schemas: readonly SchemaIndexEntry[];
  /** The adapters. */
  readonly adapters: readonly AdapterIndexEntry[];
}

const nodeSchema = z.string().transform((text, context): AdapterNode => {
  const node = parseNode(text);
  if (node !== undefined) return node;
  context.addIssue({ code: "custom", message: "not ns:kind:major" });
  return z.NEVER;
});

const versionSchema = z.int().min(0).max(0xffff);

const indexSchema = z.object({
  version: z.literal(1),
  schemas: z.array(
    z.object({
      namespace: z.string().min(1),
      kind: z.string().min(1),
      major: versionSchema.min(1),
      minor: versionSchema,
      file: z.string().refine(isContained, "leaves the folder of the index"),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "not 64 lowercase hex digits"),
    }),
  ),
  adapters: z
    .array(
      z.object({
        from: nodeSchema,
        to: nodeSchema,
        cost: z.int().min(1).optional(),
        lossy: z.boolean().optional(),
        name: z.string().min(1),
      }),
    )
    .default([]),
});

/**
 * Reads an index.
 *
 * @throws RangeError naming every problem, paths that leave the index's folder among them.
 * @see spec/xcp.md §18
 */
export function parseSchemaIndex(bytes: Uint8Array): SchemaIndex {
  const parsed = indexSchema.safeParse(parseFile(bytes, "index"));
  if (!parsed.success)
    throw new RangeError(`schema index: ${formatIssues(parsed.error).join("; ")}`);
  const { schemas, adapters } = parsed.data;
  const names = [
    ...schemas.map((schema) => formatSchemaName(schema)),
    ...adapters.map(({ name }) => name),
  ];
  const twice = duplicateOf(names);
  if (twice !== undefined) throw new RangeError(`schema index: ${twice} is listed twice`);
  return { schemas, adapters };
}

function duplicateOf(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/**
 * Registers the schemas of an index; one that the registry knew before, hash and all, is verified and left as it is.
 *
 * @param documents The content of every file that the index names.
 * @throws RangeError for a file that is missing or no JSON object.
 * @throws EtherError as `SchemaRegistry.add` does.
 * @see spec/xcp.md §18
 */
export function registerIndex(
  registry: SchemaRegistry,
  index: SchemaIndex,
  documents: ReadonlyMap<string, Uint8Array>,
): void {
  const known = new Set(registry.schemas.map(({ name }) => name));
  for (const entry of index.schemas) {
    const document = documentOf(entry.file, documents);
    const hash128 = registry.hash(document).subarray(0, 16);
    if (known.has(formatSchemaName({ ...entry, hash128 }))) continue;
    try {
      registry.add({ ...entry, document });
    } catch (thrown) {
      if (thrown instanceof EtherError) throw thrown;
      const what = thrown instanceof Error ? thrown.message : String(thrown);
      throw new RangeError(`${entry.file}: ${what}`, { cause: thrown });
    }
  }
}

function documentOf(file: string, documents: ReadonlyMap<string, Uint8Array>): JsonSchemaObject {
  const bytes = documents.get(file);
  if (bytes === undefined) throw new RangeError(`${file} is missing`);
  const document = parseFile(bytes, file);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new RangeError(`${file}: not a JSON object`);
  }
  return document as JsonSchemaObject;
}

/**
 * Joins the adapters of an index with their code.
 *
 * @throws RangeError naming every adapter without code.
 */
export function bindAdapters(
  index: SchemaIndex,
  code: Readonly<Record<string, Adapter["adapt"]>>,
): readonly Adapter[] {
  const missing = index.adapters.filter(({ name }) => !Object.hasOwn(code, name));
  if (missing.length > 0) {
    const names = missing.map(
      ({ name, from, to }) => `${name} (${formatNode(from)} to ${formatNode(to)})`,
    );
    throw new RangeError(`no code for the adapters ${names.join(", ")}`);
  }
  return index.adapters.flatMap(({ cost, lossy, ...entry }) => {
    const adapt = code[entry.name];
    if (adapt === undefined) return [];
    return [
      {
        ...entry,
        adapt,
        ...(cost === undefined ? {} : { cost }),
        ...(lossy === undefined ? {} : { lossy }),
      },
    ];
  });
}

/** Tells whether a relative path stays below where it starts, on every system. */
export function isContained(path: string): boolean {
  const parts = path.split("/");
  return (
    path !== "" &&
    !/[\\:\0]/.test(path) &&
    parts.every((part) => part !== "" && part !== "." && part !== "..")
  );
}

const limits: EtherLimits = resolveEtherLimits();

function parseFile(bytes: Uint8Array, name: string): unknown {
  if (bytes.length > MAX_SCHEMA_FILE_BYTES) {
    throw new RangeError(`${name} has ${bytes.length} bytes, limit ${MAX_SCHEMA_FILE_BYTES}`);
  }
  try {
    return parseJson(bytes, limits);
  } catch (cause) {
    throw new RangeError(`${name} is not JSON`, { cause });
  }
}
