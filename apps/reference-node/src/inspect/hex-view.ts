import { explainCode } from "./explain.js";
import type { Field } from "./field.js";
import type { InspectedFrame } from "./inspector.js";

/** Bytes of one line. */
const LINE_BYTES = 16;
/** Lines of one field that are shown before the rest is left out. */
const MAX_LINES = 4;

/** How a frame is shown. */
export interface HexViewOptions {
  /** Shows every byte of long fields. */
  readonly whole?: boolean;
}

/** Writes a frame as text: its bytes with the name and meaning of each, its content, and what is wrong where. */
export function formatFrame(
  frame: InspectedFrame,
  input: Uint8Array,
  options: HexViewOptions = {},
): string {
  const lines = [`frame ${frame.index} at ${offsetText(frame.offset)}: ${frame.summary}`, ""];
  for (const field of frame.fields) lines.push(...fieldLines(field, input, options));
  if (frame.fields.length > 0) lines.push("");
  for (const { offset, code, message } of frame.findings) {
    lines.push(`  WRONG at ${offsetText(offset)}: ${message} [${code}]`);
    lines.push(`    ${hexLine(input.subarray(offset, offset + LINE_BYTES)) || "(end of input)"}`);
    lines.push("    ^^");
    const explanation = explainCode(code);
    if (explanation !== undefined) lines.push(`    ${explanation}`);
    lines.push("");
  }
  for (const line of frame.content) lines.push(`  ${line}`);
  if (frame.content.length > 0) lines.push("");
  return `${lines.join("\n")}\n`;
}

function fieldLines(field: Field, input: Uint8Array, options: HexViewOptions): readonly string[] {
  const bytes = input.subarray(field.offset, field.offset + field.length);
  const most = options.whole === true ? Number.POSITIVE_INFINITY : MAX_LINES;
  const lines: string[] = [];
  for (let at = 0; at < Math.max(1, bytes.length) && lines.length < most; at += LINE_BYTES) {
    const hex = hexLine(bytes.subarray(at, at + LINE_BYTES)).padEnd(LINE_BYTES * 3 - 1);
    const meaning = at === 0 ? `  ${field.name} = ${field.value}` : "";
    lines.push(`  ${offsetText(field.offset + at)}  ${hex}${meaning}`.trimEnd());
  }
  const left = bytes.length - lines.length * LINE_BYTES;
  if (left > 0) lines.push(`            … ${left} more bytes`);
  return lines;
}

function hexLine(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function offsetText(offset: number): string {
  return offset.toString(16).padStart(8, "0");
}
