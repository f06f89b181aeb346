import type { SharedRegion } from "@proj/wire-types";
import { systemError } from "../errors.js";
import type { ShmAddon } from "./shm-addon.js";

/** A mapping of a file by the addon. */
export class NativeRegion implements SharedRegion {
  readonly name: string;
  readonly size: number;
  readonly readOnly: boolean;
  readonly #addon: ShmAddon;
  #bytes: Uint8Array;

  constructor(addon: ShmAddon, name: string, buffer: ArrayBuffer, access: "read" | "readWrite") {
    this.name = name;
    this.size = buffer.byteLength;
    this.readOnly = access === "read";
    this.#addon = addon;
    this.#bytes = new Uint8Array(buffer);
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  unmap(): void {
    // Once detached, every view is empty, this one too.
    if (this.#bytes.length === 0) return;
    const answer = this.#addon.unmap(this.#bytes.buffer as ArrayBuffer);
    if (answer < 0) throw systemError("munmap", answer);
  }
}
