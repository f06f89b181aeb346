import { nullCrypto, TransportPool } from "@proj/dcquic-core";
import type { Lane, LaneEnd } from "@proj/dcquic-core";
import type { SimPools } from "@proj/dcquic-core/sim";
import { SeededRandom, type Timer } from "@proj/wire-types";
import { PoolAttachment } from "#src/share/pool-attachment.js";

/** Both ends of a lane without threads: what is sent is cloned, as between threads, and comes in the next turn. */
export class MemoryLane {
  /** What the one end sends, in order. */
  readonly sent: unknown[] = [];
  #ends: { first?: LaneEnd; second?: LaneEnd } = {};
  #isClosed = false;

  /** One end, for who is fed as `second`. */
  get first(): Lane<unknown> {
    return this.#end(() => this.#ends.second, "first");
  }

  /** The other end, for who is fed as `first`. */
  get second(): Lane<unknown> {
    return this.#end(() => this.#ends.first, "second");
  }

  /** Says who listens at both ends. */
  join(first: LaneEnd, second: LaneEnd): void {
    this.#ends = { first, second };
  }

  /** Closes it, as the end of a thread does. */
  cut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    queueMicrotask(() => {
      this.#ends.first?.lost();
      this.#ends.second?.lost();
    });
  }

  #end(other: () => LaneEnd | undefined, whose: "first" | "second"): Lane<unknown> {
    return {
      send: (batch, moved) => {
        if (this.#isClosed) return;
        if (whose === "second") this.sent.push(...batch);
        const copy = structuredClone(batch, { transfer: [...moved] });
        queueMicrotask(() => other()?.receive(copy));
      },
      close: () => this.cut(),
    };
  }
}

/** A handle on the pool of a simulated host, as another thread would have it. */
export async function attachedInSim(
  pools: Pick<SimPools, "pool" | "world">,
  host: number,
): Promise<{ readonly pool: TransportPool; readonly lane: MemoryLane }> {
  const lane = new MemoryLane();
  const { world } = pools;
  const timers = {
    schedule(delayUs: number, callback: () => void): Timer {
      let isCancelled = false;
      world.schedule(world.nowUs + delayUs, () => {
        if (!isCancelled) callback();
      });
      return { cancel: () => void (isCancelled = true) };
    },
  };
  const own = pools.pool(host).share(lane.first);
  const attachment = new PoolAttachment(lane.second, {
    nowUs: () => world.nowUs,
    timers,
    crypto: nullCrypto,
    random: new SeededRandom(77 + host),
  });
  lane.join(own, attachment);
  const { backend, welcome } = await attachment.attached;
  return { pool: TransportPool.on(backend, { protection: welcome.protection }), lane };
}
