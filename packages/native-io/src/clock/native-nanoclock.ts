import { endianness } from "node:os";
import type { Nanoclock } from "./nanoclock.js";

/** What native/clock.cc exports. */
export interface ClockAddon {
  /** Where `read` writes 64 bits. */
  readonly words: Int32Array;
  read(): void;
}

/** Reads the clock of the kernel into memory. */
export class NativeNanoclock implements Nanoclock {
  readonly writeNs: (view: DataView, offset: number) => void;

  constructor({ words, read }: ClockAddon) {
    const low = endianness() === "LE" ? 0 : 1;
    const high = 1 - low;
    this.writeNs = (view, offset) => {
      read();
      view.setInt32(offset, words[low] ?? 0, true);
      view.setInt32(offset + 4, words[high] ?? 0, true);
    };
  }
}
