import type { Socket } from "node:net";

/**
 * What befalls the bytes of one direction.
 *
 * - `none`: they pass.
 * - `stall`: they wait, and pass later when the trouble is over.
 * - `drop`: they vanish while the connection looks alive: a black hole.
 * - `flip`: one bit of the byte at `afterBytes` further bytes is turned over, once.
 * - `end`: this direction ends, the other one lives on: a half-closed connection.
 */
export type FlowTrouble =
  | { readonly kind: "none" | "stall" | "drop" | "end" }
  | { readonly kind: "flip"; readonly afterBytes: number };

/** How much of a limited way's time may wait inside the proxy, in milliseconds. */
const LONGEST_BACKLOG_MS = 50;

interface Waiting {
  readonly bytes: Buffer;
  /** When it may arrive, by the monotonic clock in milliseconds. */
  readonly dueMs: number;
}

/** Carries bytes from one socket to another, later, no faster than allowed, and through troubles. */
export class DelayedFlow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #delayMs: number;
  readonly #bytesPerMs: number;
  readonly #waiting: Waiting[] = [];
  #idleAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #trouble: FlowTrouble = { kind: "none" };
  #flipIn = -1;
  #ended = false;
  #stopped = false;
  /** Bytes that were handed to the receiving socket. */
  delivered = 0;

  constructor(from: Socket, to: Socket, delayMs: number, bytesPerSecond: number) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = delayMs;
    this.#bytesPerMs = bytesPerSecond / 1000;
    from.on("data", (bytes: Buffer) => this.#take(bytes));
    from.once("end", () => {
      this.#ended = true;
      this.#schedule();
    });
    to.on("drain", () => this.#admit());
  }

  trouble(trouble: FlowTrouble): void {
    this.#trouble = trouble;
    if (trouble.kind === "flip") this.#flipIn = trouble.afterBytes;
    if (trouble.kind === "end") this.#to.end();
    this.#admit();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #take(bytes: Buffer): void {
    if (this.#trouble.kind === "drop" || this.#trouble.kind === "end") return;
    const nowMs = performance.now();
    this.#idleAtMs = Math.max(nowMs, this.#idleAtMs) + bytes.length / this.#bytesPerMs;
    this.#waiting.push({ bytes, dueMs: this.#idleAtMs + this.#delayMs });
    this.#admit();
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#trouble.kind === "stall") return;
    const next = this.#waiting[0];
    if (next === undefined) {
      this.#admit();
      if (this.#ended && !this.#to.writableEnded) this.#to.end();
      return;
    }
    const waitMs = next.dueMs - performance.now();
    if (waitMs <= 0) this.#deliver();
    else this.#timer = setTimeout(() => this.#deliver(), waitMs);
  }

  #deliver(): void {
    const nowMs = performance.now();
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueMs <= nowMs + 0.5) {
      const next = this.#waiting.shift();
      if (next !== undefined) this.#write(next.bytes);
    }
    this.#schedule();
  }

  #write(bytes: Buffer): void {
    if (this.#trouble.kind === "drop" || this.#trouble.kind === "end" || this.#to.destroyed) return;
    const flipAt = this.#flipIn;
    if (flipAt >= 0 && flipAt < bytes.length) bytes[flipAt] = (bytes[flipAt] ?? 0) ^ 1;
    if (flipAt >= 0) this.#flipIn = flipAt < bytes.length ? -1 : flipAt - bytes.length;
    this.delivered += bytes.length;
    this.#to.write(bytes);
    this.#admit();
  }

  // A limited way pushes back instead of storing without end.
  #admit(): void {
    const backlogMs = this.#waiting.length === 0 ? 0 : this.#idleAtMs - performance.now();
    const full =
      this.#trouble.kind === "stall" ||
      this.#to.writableNeedDrain ||
      backlogMs > LONGEST_BACKLOG_MS;
    if (full) this.#from.pause();
    else this.#from.resume();
  }
}
