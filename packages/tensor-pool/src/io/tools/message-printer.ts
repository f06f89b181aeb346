import { appendFileSync } from "node:fs";
import { formatHex } from "@proj/wire-types";
import type { OptionSpec, ToolContext } from "./tool-command.js";

/** The options by which messages are printed in other ways as well. */
export const PRINT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  raw: { type: "boolean", short: "r", help: "dump fragments as hex to standard error" },
  out: { type: "string", short: "o", help: "append the results to this file as well" },
};

/** Prints messages, as many as `--count` allows. */
export interface MessagePrinter {
  /** Prints a message. */
  readonly print: (fields: Readonly<Record<string, unknown>>) => void;
  /** Dumps a fragment where that is wanted. */
  readonly raw: (label: string, view: DataView, offset: number, length: number) => void;
  /** How many messages were printed. */
  readonly printed: () => number;
}

/** Makes the printer that a tool's options ask for. */
export function messagePrinter({ values, print, note }: ToolContext): MessagePrinter {
  const file = values.text("out");
  const raw = values.flag("raw");
  const most = values.number("count", Number.MAX_SAFE_INTEGER);
  let printed = 0;
  return {
    printed: () => printed,
    print(fields) {
      if (printed >= most) return;
      printed++;
      print({ fields, line: oneLine(fields) });
      if (file !== undefined) appendFileSync(file, `${oneLine(fields)}\n`);
    },
    // One line a fragment: label, length, the header's fields, hex.
    raw(label, view, offset, length) {
      if (!raw) return;
      const header = length < 8 ? [] : [0, 2, 4, 6].map((at) => view.getUint16(offset + at, true));
      note([label, length, ...header, formatHex(bytesOf(view, offset, length))].join(" "));
    },
  };
}

function oneLine(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, (_, each: unknown) =>
    typeof each === "bigint" ? String(each) : each instanceof Uint8Array ? formatHex(each) : each,
  );
}

/** Returns a message as bytes, in place. */
export function bytesOf(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}
