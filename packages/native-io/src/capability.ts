/** One thing that this machine, or this backend, lends or lacks. */
export interface Capability {
  /** What it is, `feature.thing`: `udp.gso`, `shm.hugepages`. Permanent, for programs. */
  readonly name: string;
  /** Whether it is there. */
  readonly available: boolean;
  /** What was found, or why it is missing. One line, for people. */
  readonly reason: string;
  /** What its absence costs; present exactly where `available` is false. */
  readonly cost?: string;
}

/** Reports a thing that is there. */
export function available(name: string, reason: string): Capability {
  return { name, available: true, reason };
}

/** Reports a thing that is missing, and what that costs. */
export function missing(name: string, reason: string, cost: string): Capability {
  return { name, available: false, reason, cost };
}
