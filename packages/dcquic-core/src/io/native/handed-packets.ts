import { DatagramBatch, NOWHERE } from "../../engine/batch.js";
import type { Engine } from "../../engine/engine.js";
import type { HandedPacket, UdpAddress } from "../peer-addresses.js";

// What other workers hand over in one turn.
const PACKETS = 64;
const BYTES = 128 * 1024;

/**
 * Datagrams that arrived at other workers and wait for the engine's turn. Their sources have numbers where the engine knows them as
 * addresses of peers; who is somewhere else is not answered there.
 *
 * @see spec/dcquic.md §18, D-33
 */
export class HandedPackets {
  readonly #known = new Map<string, number>();
  // Most workers are never handed anything.
  #batch: DatagramBatch | undefined;

  /** Learns the engine's number for an address. */
  know({ host, port }: UdpAddress, number: number): void {
    this.#known.set(`${host}:${port}`, number);
  }

  /** The engine's number for an address, if it has one. */
  numberOf({ host, port }: UdpAddress): number | undefined {
    return this.#known.get(`${host}:${port}`);
  }

  /** Keeps a datagram; `false` where there is no room for it. */
  add({ datagram, from, ecn }: HandedPacket): boolean {
    this.#batch ??= new DatagramBatch(PACKETS, BYTES);
    return this.#batch.add(datagram, this.numberOf(from) ?? NOWHERE, ecn);
  }

  /** Gives the engine what waits; returns how much that was. */
  give(nowUs: number, engine: Engine): number {
    const batch = this.#batch;
    if (batch === undefined || batch.count === 0) return 0;
    const { count } = batch;
    engine.receive(nowUs, batch);
    batch.clear();
    return count;
  }
}
