import { CodecId, fnv1a32 } from "@proj/wire-types";
import { MsgType, V01MsgType } from "@proj/xcp-framing";
import { hexNumber } from "./field.js";

const codecNames = invert(CodecId);
const msgTypeNames = invert(MsgType);
const v01Names = invert(V01MsgType);
const kindNames = new Map(
  ["text", "tokens", "embedding", "image", "tensor", "table", "receipt", "bytes", "json"].map(
    (kind): [number, string] => [fnv1a32(kind), kind],
  ),
);

/** `0x0020` → `ARROW_IPC`. spec/xcp.md §2 */
export function codecName(id: number): string {
  return codecNames.get(id) ?? hexNumber(id, 2);
}

/** `0x0100` → `DATA`. spec/xcp.md §7, §17 */
export function msgTypeName(type: number, profile: string): string {
  if (profile === "v0.1") return v01Names.get(type) ?? hexNumber(type, 2);
  if (type >= 0x0200 && type <= 0x02ff) return `MCP ${hexNumber(type, 2)}`;
  if (type >= 0x0300 && type <= 0x03ff) return `A2A ${hexNumber(type, 2)}`;
  if (type >= 0x0400 && type <= 0x04ff) return `ACP ${hexNumber(type, 2)}`;
  return msgTypeNames.get(type) ?? hexNumber(type, 2);
}

/** The kind that hashes to `kindId`, where it is one this node knows. */
export function kindName(kindId: number): string | undefined {
  return kindNames.get(kindId);
}

function invert(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(
    Object.entries(table)
      .filter(([name]) => name !== "APP_MIN")
      .map(([name, value]) => [value, name]),
  );
}
