/** Groups of events, as bits of a mask. spec/dcquic.md §21 */
export const EventGroup = {
  pool: 0x1,
  router: 0x2,
  worker: 0x4,
  transfer: 0x8,
  stream: 0x10,
  frame: 0x20,
  key: 0x40,
  path: 0x80,
  health: 0x100,
  cc: 0x200,
  pull: 0x400,
  buffer: 0x800,
  rma: 0x1000,
  net: 0x2000,
  cores: 0x4000,
  security: 0x8000,
  causality: 0x10000,
  handshake: 0x20000,
} as const;

/** The name of a group. */
export type EventGroupName = keyof typeof EventGroup;

/** How much an event matters: who subscribes to a level gets those before it too. */
export type EventLevel = "critical" | "info" | "debug";

/** The mask of all groups. */
export const ALL_GROUPS: number = Object.values(EventGroup).reduce((all, bit) => all | bit, 0);

/** Something that happened. Small: no payload, key, token or path secret. */
export interface DcquicEvent {
  /** When; the driver's clock in µs. */
  readonly tUs: number;
  /** Which worker tells it. */
  readonly worker: number;
  /** What it is about. */
  readonly group: EventGroupName;
  /** How much it matters. */
  readonly level: EventLevel;
  /** What happened: `transfer.drained`. */
  readonly kind: string;
  /** Ids and numbers. */
  readonly details: Readonly<Record<string, string | number>>;
}
