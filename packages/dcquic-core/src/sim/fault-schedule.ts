import { type RandomSource, uniform } from "@proj/wire-types";
import type { Faults } from "./faults.js";
import type { SimHost } from "./sim-host.js";

/** The world that faults come over. */
export interface FaultyWorld {
  /** Its time; µs. */
  nowUs(): number;
  /** How many hosts there are. */
  readonly hosts: number;
  /** A host, which is about to be changed. */
  host(index: number): SimHost;
  /** Schedules something. */
  schedule(atUs: number, run: () => void): void;
  /** Makes a new path between two hosts. */
  rehandshake(dialer: number, listener: number, running: "move" | "finish"): unknown;
  /** Has a host go on over another of its ports. */
  failOver(host: number, port: number): void;
  /** Whether anything is still to happen. */
  isAlive(): boolean;
}

const ICMP_EVERY_US = 1000;

/** Schedules the faults that come at a time, or again and again; those of the network are its own affair. §23 */
export function scheduleFaults(world: FaultyWorld, faults: Faults, random: RandomSource): void {
  const {
    clockJumps = [],
    crashes = [],
    failovers = [],
    forgedIcmp = 0,
    rehandshakes = [],
  } = faults;
  for (const { from, to, atUs, running } of rehandshakes) {
    world.schedule(atUs, () => {
      if (world.host(from).paths.has(to)) world.rehandshake(from, to, running);
    });
  }
  for (const { host, atUs, port } of failovers) {
    world.schedule(atUs, () => world.failOver(host, port));
  }
  for (const { host, atUs, byUs } of clockJumps) {
    world.schedule(atUs, () => {
      world.host(host).clockOffsetUs += byUs;
      world.host(host).wake();
    });
  }
  for (const { host, atUs, signer } of crashes) {
    world.schedule(atUs, () => world.host(host).crash(signer));
  }
  if (forgedIcmp > 0) forgeIcmp(world, forgedIcmp, random);
}

function forgeIcmp(world: FaultyWorld, share: number, random: RandomSource): void {
  const forge = (): void => {
    if (uniform(random) < share) {
      world.host(Math.floor(uniform(random) * world.hosts)).forgeIcmp();
    }
    if (world.isAlive()) world.schedule(world.nowUs() + ICMP_EVERY_US, forge);
  };
  world.schedule(ICMP_EVERY_US, forge);
}
