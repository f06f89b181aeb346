import { encodeUtf8Into, utf8Length } from "@proj/wire-types";
import { EtherError } from "../errors.js";
import type { ArrowType } from "./arrow-type.js";
import {
  type Cells,
  type ColumnDraft,
  NO_METADATA,
  setBit,
  validityOf,
  viewAt,
  writeValidity,
} from "./column-draft.js";

const MAX_OFFSET = 0x7fff_ffff;

/** Drafts a Utf8 column. @throws EtherError `ether.too_large` for more than 2 GiB of text. */
export function draftText(
  name: string,
  cells: Cells<string>,
  metadata: ReadonlyMap<string, string> = NO_METADATA,
): ColumnDraft {
  const lengths = cells.map((cell) => (cell === undefined ? 0 : utf8Length(cell)));
  return draftVariable(name, "utf8", cells, lengths, metadata, (cell, into) =>
    encodeUtf8Into(cell, into),
  );
}

/** Drafts a Binary column. @throws EtherError `ether.too_large` for more than 2 GiB of bytes. */
export function draftBytes(name: string, cells: Cells<Uint8Array>): ColumnDraft {
  const lengths = cells.map((cell) => cell?.length ?? 0);
  return draftVariable(name, "binary", cells, lengths, NO_METADATA, (cell, into) => into.set(cell));
}

/** Drafts a Bool column. */
export function draftBooleans(name: string, cells: Cells<boolean>): ColumnDraft {
  const bytes = Math.ceil(cells.length / 8);
  return draftFixed(name, { kind: "bool" }, cells, bytes, (into, at) => {
    for (const [i, cell] of cells.entries()) if (cell === true) setBit(into, at, i);
  });
}

/** Drafts an Int64 or UInt64 column; every cell fits it. */
export function draftIntegers(
  name: string,
  cells: Cells<number | bigint>,
  signed: "signed" | "unsigned",
): ColumnDraft {
  const type: ArrowType = { kind: "int", bits: 64, signed: signed === "signed" };
  return draftFixed(name, type, cells, 8 * cells.length, (into, at, bytes) => {
    const view = viewAt(into, at, bytes);
    for (const [i, cell] of cells.entries()) {
      if (typeof cell === "bigint") view.setBigUint64(8 * i, BigInt.asUintN(64, cell), true);
      else if (cell !== undefined) {
        view.setUint32(8 * i, cell % 2 ** 32, true);
        view.setInt32(8 * i + 4, Math.floor(cell / 2 ** 32), true);
      }
    }
  });
}

/** Drafts a Float64 column. */
export function draftFloats(name: string, cells: Cells<number>): ColumnDraft {
  return draftFixed(
    name,
    { kind: "float", bits: 64 },
    cells,
    8 * cells.length,
    (into, at, bytes) => {
      const view = viewAt(into, at, bytes);
      for (const [i, cell] of cells.entries()) view.setFloat64(8 * i, cell ?? 0, true);
    },
  );
}

/** Checks that 32-bit offsets reach `end`. @throws EtherError `ether.too_large` */
export function checkOffsetRange(name: string, end: number): void {
  if (end > MAX_OFFSET) {
    throw new EtherError("ether.too_large", `column ${name} passes 2^31-1 with ${end}`);
  }
}

function draftFixed(
  name: string,
  type: ArrowType,
  cells: Cells<unknown>,
  bytes: number,
  writeValues: (into: Uint8Array, at: number, bytes: number) => void,
): ColumnDraft {
  const validity = validityOf(cells);
  return {
    field: { name, type, nullable: validity.nulls > 0, children: [], metadata: NO_METADATA },
    nodes: [cells.length, validity.nulls],
    buffers: [validity.bytes, bytes],
    write(into, at, from) {
      writeValidity(cells, validity, into, at[from] ?? 0);
      writeValues(into, at[from + 1] ?? 0, bytes);
    },
  };
}

function draftVariable<T>(
  name: string,
  kind: "utf8" | "binary",
  cells: Cells<T>,
  lengths: readonly number[],
  metadata: ReadonlyMap<string, string>,
  writeCell: (cell: T, into: Uint8Array) => void,
): ColumnDraft {
  const validity = validityOf(cells);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  checkOffsetRange(name, total);
  const offsetBytes = 4 * (cells.length + 1);
  return {
    field: { name, type: { kind }, nullable: validity.nulls > 0, children: [], metadata },
    nodes: [cells.length, validity.nulls],
    buffers: [validity.bytes, offsetBytes, total],
    write(into, at, from) {
      writeValidity(cells, validity, into, at[from] ?? 0);
      const offsets = viewAt(into, at[from + 1] ?? 0, offsetBytes);
      const start = at[from + 2] ?? 0;
      let end = 0;
      for (const [i, cell] of cells.entries()) {
        const length = lengths[i] ?? 0;
        if (cell !== undefined && length > 0) {
          writeCell(cell, into.subarray(start + end, start + end + length));
        }
        end += length;
        offsets.setInt32(4 * (i + 1), end, true);
      }
    },
  };
}
