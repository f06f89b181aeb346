import type { ArrowField, ArrowType } from "./arrow-type.js";
import {
  type Cells,
  type ColumnDraft,
  NO_METADATA,
  validityOf,
  viewAt,
  writeValidity,
} from "./column-draft.js";
import { checkOffsetRange } from "./draft-scalars.js";

/** Drafts a List column over `items`: slot `i` takes the next `counts[i]` of them. @throws EtherError `ether.too_large` */
export function draftLists(name: string, counts: Cells<number>, items: ColumnDraft): ColumnDraft {
  const validity = validityOf(counts);
  const offsetBytes = 4 * (counts.length + 1);
  checkOffsetRange(
    name,
    counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
  );
  return {
    field: listField(name, { kind: "list" }, validity.nulls > 0, items.field),
    nodes: [counts.length, validity.nulls, ...items.nodes],
    buffers: [validity.bytes, offsetBytes, ...items.buffers],
    write(into, at, from) {
      writeValidity(counts, validity, into, at[from] ?? 0);
      const offsets = viewAt(into, at[from + 1] ?? 0, offsetBytes);
      let end = 0;
      for (const [i, count] of counts.entries()) {
        end += count ?? 0;
        offsets.setInt32(4 * (i + 1), end, true);
      }
      items.write(into, at, from + 2);
    },
  };
}

/** Drafts a FixedSizeList column over `items`; a null slot keeps its `size` items. A number of slots means no nulls. */
export function draftFixedLists(
  name: string,
  slots: Cells<unknown> | number,
  size: number,
  items: ColumnDraft,
): ColumnDraft {
  const cells = typeof slots === "number" ? [] : slots;
  const validity = validityOf(cells);
  checkOffsetRange(name, size);
  return {
    field: listField(name, { kind: "fixedList", size }, validity.nulls > 0, items.field),
    nodes: [typeof slots === "number" ? slots : slots.length, validity.nulls, ...items.nodes],
    buffers: [validity.bytes, ...items.buffers],
    write(into, at, from) {
      writeValidity(cells, validity, into, at[from] ?? 0);
      items.write(into, at, from + 1);
    },
  };
}

function listField(name: string, type: ArrowType, nullable: boolean, item: ArrowField): ArrowField {
  const children = [{ ...item, name: "item" }];
  return { name, type, nullable, children, metadata: NO_METADATA };
}
