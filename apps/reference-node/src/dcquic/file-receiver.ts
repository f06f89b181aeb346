import { encodeUtf8 } from "@proj/wire-types";
import { type Incoming, Status } from "@proj/dcquic-core";
import { type Durability, fileTarget } from "@proj/dcquic-core/node";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FileRange } from "./purpose.js";
import { ReceivedFile } from "./received-file.js";

/** Status of a file that arrived whole and is not the one that was announced. */
const DIFFERENT_FILE = 300;

const DROPPED = "what arrived is not the file that was announced, and was dropped: send it again";
const MAX_REMEMBERED = 1024;

interface WholeFile {
  readonly sha256: string;
  readonly mtimeMs: number;
  readonly size: number;
}

/** Takes files into a folder. */
export class FileReceiver {
  readonly #folder: string;
  readonly #durability: Durability;
  readonly #files = new Map<string, Promise<ReceivedFile>>();
  // What files became whole here: who asks again need not send them again.
  readonly #whole = new Map<string, WholeFile>();

  /** Files that are complete get their names in `folder`. */
  constructor(folder: string, durability: Durability) {
    this.#folder = folder;
    this.#durability = durability;
  }

  /** Answers which ranges of a file are there, as JSON. */
  async tellRanges(incoming: Incoming, file: Omit<FileRange, "offset">): Promise<void> {
    await incoming.request();
    const ranges = (await this.#isWhole(file))
      ? [{ offset: 0, bytes: file.total }]
      : await (await this.#open(file)).ranges();
    await incoming.reply(encodeUtf8(JSON.stringify(ranges)));
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
          if (state === "different") incoming.close(DIFFERENT_FILE, DROPPED);
          if (state === "whole") await this.#remember(file);
        },
      });
    } finally {
      if (isOver.value) this.#files.delete(keyOf(file));
      await handle.close();
    }
  }

  async #remember({ name, sha256 }: FileRange): Promise<void> {
    const { mtimeMs, size } = await stat(join(this.#folder, name));
    this.#whole.delete(name);
    this.#whole.set(name, { sha256, mtimeMs, size });
    const [oldest] = this.#whole.keys();
    if (oldest !== undefined && this.#whole.size > MAX_REMEMBERED) this.#whole.delete(oldest);
  }

  // As long as nobody changed it since.
  async #isWhole({ name, sha256, total }: Omit<FileRange, "offset">): Promise<boolean> {
    const whole = this.#whole.get(name);
    if (whole?.sha256 !== sha256 || whole.size !== total) return false;
    const now = await stat(join(this.#folder, name)).catch(() => undefined);
    return now?.mtimeMs === whole.mtimeMs && now.size === whole.size;
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
