import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../../errors.js";
import type { HdePlatform } from "../../hde/hde-platform.js";
import type { UnitBody } from "../../wire/chunk.js";
import type { Part } from "../store/part.js";

/** Writes decoded units to where their object gathers: only what is missing, while what is here already has to be the same. */
export class UnitWriter {
  readonly #part: Part;
  readonly #stored: IntervalSet;
  readonly #platform: Pick<HdePlatform, "crc32" | "equal">;
  readonly #underWay = new IntervalSet();

  /** `stored` is what is here; its owner adds to it. */
  constructor(part: Part, stored: IntervalSet, platform: Pick<HdePlatform, "crc32" | "equal">) {
    this.#part = part;
    this.#stored = stored;
    this.#platform = platform;
  }

  /**
   * Writes the bytes of a unit, and calls `written` once they are in the file.
   *
   * @throws DwcpError `dwcp.integrity` where other bytes are here; `dwcp.no_space`; and what else the file system says.
   */
  async write(
    { rawOffset, rawCrc }: Pick<UnitBody, "rawOffset" | "rawCrc">,
    raw: Uint8Array,
    written: () => void,
  ): Promise<void> {
    const end = rawOffset + raw.length;
    // Another copy of the unit, perhaps: compared once it is there.
    while (this.#underWay.firstHeld(rawOffset) < end) await this.#part.settled();
    this.#underWay.add(rawOffset, end);
    try {
      if (this.#stored.firstHeld(rawOffset) >= end) await this.#part.write(rawOffset, raw, rawCrc);
      else await this.#fill(rawOffset, raw);
      written();
    } finally {
      this.#underWay.remove(rawOffset, end);
    }
  }

  async #fill(offset: number, raw: Uint8Array): Promise<void> {
    const end = offset + raw.length;
    for (let at = offset; at < end;) {
      const gapEnd = Math.min(end, this.#stored.firstHeld(at));
      if (gapEnd > at) {
        const piece = raw.subarray(at - offset, gapEnd - offset);
        await this.#part.write(at, piece, this.#platform.crc32(piece));
      }
      const heldEnd = Math.min(end, this.#stored.firstGap(gapEnd));
      const here = this.#part.read(gapEnd, heldEnd - gapEnd);
      if (!this.#platform.equal(here, raw.subarray(gapEnd - offset, heldEnd - offset))) {
        throw new DwcpError("dwcp.integrity", `bytes at ${gapEnd} came twice and differ`);
      }
      at = heldEnd;
    }
  }
}
