import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { fsync } from "node:fs";
import { promisify } from "node:util";
import { IntervalSet } from "@proj/wire-types";
import { DwcpError } from "../../errors.js";
import type { ByteSource } from "../../hde/byte-source.js";
import {
  decodeJournal,
  encodeJournalHeader,
  encodeJournalRecord,
  type JournalHeader,
  type JournalRecord,
} from "../../journal/journal.js";
import { mostBytes } from "../../wire/raw-length.js";
import type { IntervalPair } from "../../wire/transfer-messages.js";
import { nodeCrc32 } from "../node-crc32.js";
import { FileLock } from "./file-lock.js";
import { PartWriter } from "./part-writer.js";

const sync = promisify(fsync);

/** An object on its way into the store: its bytes so far, and the journal of those that are durable. spec/dwcp.md B4 */
export class Part implements ByteSource {
  /** Of the whole object; as long as anything can be where that is not known yet. */
  readonly length: number;
  /** Where the bytes lie. */
  readonly path: string;
  readonly #journalPath: string;
  readonly #lock: FileLock;
  readonly #data: number;
  readonly #writer: PartWriter;
  readonly #journal: number;
  #journalBytes: number;
  #unsynced: JournalRecord[] = [];
  #unsyncedBytes = 0;
  readonly #held: IntervalSet = new IntervalSet();
  #isOpen = true;
  #isStopped = false;

  /**
   * Opens what an earlier process left, or begins anew.
   *
   * @throws DwcpError `dwcp.conflict` when it belongs to another object, or another process writes it.
   */
  constructor(base: string, header: JournalHeader) {
    this.path = `${base}.part`;
    this.#journalPath = `${base}.journal`;
    this.length = mostBytes(header.rawLength);
    this.#lock = new FileLock(`${base}.lock`);
    const records = this.#leftOver(header);
    this.#data = openSync(this.path, existsSync(this.path) ? "r+" : "w+");
    this.#writer = new PartWriter(this.#data);
    this.#journal = openSync(this.#journalPath, existsSync(this.#journalPath) ? "r+" : "w+");
    this.#journalBytes = this.#hold(header, records);
  }

  /** The stretches that are durable. */
  get held(): IntervalPair[] {
    return Array.from({ length: this.#held.count }, (_, i) => [
      this.#held.start(i),
      this.#held.end(i) - this.#held.start(i),
    ]);
  }

  /** Bytes that were written and are not durable. */
  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  /** Reads what lies there, into a fresh buffer. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const count = readSync(this.#data, bytes, at, length - at, offset + at);
      // What was never written is zero, as in any file with holes.
      if (count === 0) break;
      at += count;
    }
    return bytes;
  }

  /**
   * Writes a unit's bytes, which stay as they are until then; units that lie over each other are written one after the other.
   *
   * @throws DwcpError `dwcp.no_space`; `dwcp.shutdown` after {@link Part.stop}; and what else the file system says.
   */
  async write(offset: number, bytes: Uint8Array, rawCrc: number): Promise<void> {
    if (this.#isStopped) throw new DwcpError("dwcp.shutdown", "nothing more is written");
    await this.#writer.write(offset, bytes);
    this.#unsynced.push({ start: offset, length: bytes.length, rawCrc });
    this.#unsyncedBytes += bytes.length;
  }

  /** Waits until nothing is being written. */
  settled(): Promise<void> {
    return this.#writer.settled();
  }

  /** Takes no more bytes, and waits until nothing is being written. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.settled();
  }

  /** Makes everything written so far durable: the data first, then the journal's records of it. */
  async sync(): Promise<void> {
    const records = this.#unsynced;
    if (records.length === 0 || !this.#isOpen) return;
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
    await sync(this.#data);
    for (const record of records) {
      const bytes = encodeJournalRecord(record, nodeCrc32);
      writeSync(this.#journal, bytes, 0, bytes.length, this.#journalBytes);
      this.#journalBytes += bytes.length;
      this.#held.add(record.start, record.start + record.length);
    }
    await sync(this.#journal);
  }

  /** Closes its files, after {@link Part.stop}; what is durable stays for a later process. Harmless the second time. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#data);
    closeSync(this.#journal);
    this.#lock.release();
  }

  /** Stops writing and forgets the journal; the bytes stay where they are, for whoever renames or removes them. */
  finish(): void {
    this.close();
    rmSync(this.#journalPath, { force: true });
  }

  /** Forgets everything. */
  discard(): void {
    this.finish();
    rmSync(this.path, { force: true });
  }

  #leftOver(header: JournalHeader): readonly JournalRecord[] | undefined {
    if (!existsSync(this.#journalPath) || !existsSync(this.path)) return undefined;
    try {
      const left = decodeJournal(readFileSync(this.#journalPath), nodeCrc32);
      if (sameTransfer(left.header, header)) return left.records;
    } catch (error) {
      if (!(error instanceof DwcpError)) throw error;
      // A header that does not hold was never followed by a record: the process died at once.
      return undefined;
    }
    this.#lock.release();
    throw new DwcpError("dwcp.conflict", "this transfer was begun with another object");
  }

  // Takes over what is sound, and cuts the journal behind it.
  #hold(header: JournalHeader, records: readonly JournalRecord[] | undefined): number {
    const there = fstatSync(this.#data).size;
    const kept = (records ?? []).filter(({ start, length }) => start + length <= there);
    for (const { start, length } of kept) this.#held.add(start, start + length);
    const bytes = [
      encodeJournalHeader(header, nodeCrc32),
      ...kept.map((record) => encodeJournalRecord(record, nodeCrc32)),
    ];
    let at = 0;
    for (const each of bytes) at += writeSync(this.#journal, each, 0, each.length, at);
    ftruncateSync(this.#journal, at);
    return at;
  }
}

function sameTransfer(a: JournalHeader, b: JournalHeader): boolean {
  return (
    a.transferId === b.transferId &&
    a.rawLength === b.rawLength &&
    a.generation === b.generation &&
    a.leafBytes === b.leafBytes &&
    a.keyDigest === b.keyDigest &&
    a.rootHash === b.rootHash
  );
}
