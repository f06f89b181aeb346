import { encodeUtf8 } from "@proj/wire-types";
import { type Incoming, Status } from "@proj/dcquic-core";
import { type Durability, fileTarget } from "@proj/dcquic-core/node";
import { mkdir } from "node:fs/promises";
import type { FileRange } from "./purpose.js";
import { ReceivedFile } from "./received-file.js";

/** Status of a file that arrived whole and is not the one that was announced. */
const DIFFERENT_FILE = 300;

/** Takes files into a folder. */
export class FileReceiver {
  readonly #folder: string;
  readonly #durability: Durability;
  readonly #files = new Map<string, Promise<ReceivedFile>>();

  /** Files that are complete get their names in `folder`. */
  constructor(folder: string, durability: Durability) {
    this.#folder = folder;
    this.#durability = durability;
  }

  /** Answers which ranges of a file are there, as JSON. */
  async tellRanges(incoming: Incoming, file: Omit<FileRange, "offset">): Promise<void> {
    await incoming.request();
    const received = await this.#open(file);
    await incoming.reply(encodeUtf8(JSON.stringify(received.ranges)));
  }

  /** Takes one range. */
  async take(incoming: Incoming, file: FileRange): Promise<void> {
    const { offset, total } = file;
    if (offset + incoming.size > total) {
      incoming.reject(Status.Limit, `a range beyond the ${total} bytes of the file`);
      return;
    }
    const received = await this.#open(file);
    const handle = await received.handle();
    const target = fileTarget(handle, offset, this.#durability);
    const isOver = { value: false };
    try {
      await incoming.place({
        write: (at, bytes) => target.write(at, bytes),
        // The status is sent when the range is safe, and with the last one when the file is checked.
        finish: async () => {
          await target.finish?.();
          const state = await received.add({ offset, bytes: incoming.size });
          isOver.value = state !== "partly";
          if (state === "different") incoming.close(DIFFERENT_FILE, "another file arrived");
        },
      });
    } finally {
      if (isOver.value) this.#files.delete(keyOf(file));
      await handle.close();
    }
  }

  // Ranges of one file share what is known of it.
  #open(file: Omit<FileRange, "offset">): Promise<ReceivedFile> {
    const key = keyOf(file);
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const opening = mkdir(this.#folder, { recursive: true }).then(() =>
      ReceivedFile.open(this.#folder, file),
    );
    this.#files.set(key, opening);
    opening.catch(() => this.#files.delete(key));
    return opening;
  }
}

function keyOf({ name, sha256 }: Omit<FileRange, "offset">): string {
  return `${name}/${sha256}`;
}
