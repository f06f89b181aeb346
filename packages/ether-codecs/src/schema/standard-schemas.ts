import { TensorView } from "@proj/wire-types";
import { shapeOf } from "../elements.js";
import type { Value, ValueMap } from "../value.js";
import type { JsonSchemaObject } from "./json-schema.js";
import type { ProblemList } from "./problem-list.js";
import { STANDARD_NAMESPACE } from "./schema-families.js";
import { SchemaRegistry, type SchemaRegistryOptions } from "./schema-registry.js";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

interface StandardSchema {
  readonly kind: string;
  readonly sha256: string;
  readonly properties: JsonSchemaObject;
  readonly required: readonly string[];
  readonly rules?: (payload: ValueMap, problems: ProblemList) => void;
}

// spec/xcp.md §18
const standard: readonly StandardSchema[] = [
  {
    kind: "text",
    sha256: "3a6871f7f8a16ce1dc2fa001158f8d8db99afc4a357d039d31382ffe4272637d",
    properties: { text: { type: "string" } },
    required: ["text"],
  },
  {
    kind: "tokens",
    sha256: "75a616f0ea74ce6b913aa85c13cf666cd7f48b35b4037b3c7fc08f4c32436719",
    properties: {
      mask: { items: { type: "boolean" }, type: "array" },
      token_ids: { items: { minimum: 0, type: "integer" }, type: "array" },
    },
    required: ["token_ids"],
  },
  {
    kind: "embedding",
    sha256: "6762492e8536758e329e1a8a5f4ee3631aaf370c3a897ed59edc3b65fbdabc88",
    properties: {
      dim: { minimum: 1, type: "integer" },
      values: { items: { type: "number" }, type: "array" },
    },
    required: ["dim", "values"],
    rules: checkEmbedding,
  },
  {
    kind: "image",
    sha256: "a51ea9d077c49ed9e913863820410f6adfb5c13eaabdc4ab82ac3529fa5a5407",
    properties: {
      channels: { minimum: 1, type: "integer" },
      data: { contentEncoding: "base64", type: "string" },
      height: { minimum: 1, type: "integer" },
      width: { minimum: 1, type: "integer" },
    },
    required: ["channels", "data", "height", "width"],
    rules: checkImage,
  },
];

/** Makes a registry that knows the four standard kinds, version 1.0. spec/xcp.md §18 */
export function standardSchemas(options: SchemaRegistryOptions = {}): SchemaRegistry {
  const registry = new SchemaRegistry(options);
  for (const { kind, sha256, properties, required, rules } of standard) {
    registry.add({
      namespace: STANDARD_NAMESPACE,
      kind,
      major: 1,
      minor: 0,
      sha256,
      document: {
        $id: `${STANDARD_NAMESPACE}:${kind}:1.0`,
        $schema: DRAFT,
        type: "object",
        properties,
        required,
      },
      ...(rules === undefined ? {} : { rules }),
    });
  }
  return registry;
}

// The vector's last dimension is `dim`; an attachment reference is checked by whoever follows it.
function checkEmbedding(payload: ValueMap, problems: ProblemList): void {
  const { dim, values } = payload;
  const last = Array.isArray(values) ? values.length : shapeOf(values)?.at(-1);
  if (last === undefined || last === Number(dim)) return;
  problems.add(`dim is ${Number(dim)}, values has ${last}`);
}

function checkImage(payload: ValueMap, problems: ProblemList): void {
  const bytes = pixelBytes(payload["data"]);
  const needed = Number(payload["height"]) * Number(payload["width"]) * Number(payload["channels"]);
  if (bytes === undefined || bytes === needed) return;
  problems.add(`height × width × channels is ${needed}, data is ${bytes} bytes`);
}

function pixelBytes(value: Value | undefined): number | undefined {
  if (value instanceof Uint8Array || value instanceof TensorView) return value.length;
  if (typeof value !== "string") return undefined;
  const padding = value.endsWith("==") ? 2 : value.endsWith("=") ? 1 : 0;
  return (value.length / 4) * 3 - padding;
}
