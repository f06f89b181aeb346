/** What one direction of a path does to packets. */
export interface PathShape {
  /** Rate of the narrowest link, in bits per second; 0 sets no limit. */
  readonly rateBitsPerSecond: number;
  /** Time of flight one way, in milliseconds. */
  readonly delayMs: number;
  /** Extra time of flight, drawn evenly between 0 and this, in milliseconds; order stays. */
  readonly jitterMs: number;
  /** Part of the packets that are lost one by one, 0 to 1. */
  readonly loss: number;
  /** Losses in a row: the chance that a packet begins one, and that a packet inside one ends it. */
  readonly burst: { readonly enter: number; readonly leave: number };
  /** Bytes that wait in front of the link before the next packet is dropped. */
  readonly queueBytes: number;
  /** Whether anything passes at all. */
  readonly up: boolean;
}

/** A path that takes no time, has no limit and loses nothing. */
export const CLEAR_PATH: PathShape = {
  rateBitsPerSecond: 0,
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  burst: { enter: 0, leave: 1 },
  queueBytes: 1_000_000_000,
  up: true,
};

/** Writes the command that gives direction `index` of the forwarder this shape; throws `RangeError` on values that mean nothing. */
export function shapeCommand(index: 0 | 1, shape: PathShape): string {
  const { rateBitsPerSecond, delayMs, jitterMs, loss, burst, queueBytes, up } = shape;
  atLeastZero({ rateBitsPerSecond, delayMs, jitterMs, queueBytes });
  fraction({ loss, enter: burst.enter, leave: burst.leave });
  return [
    "shape",
    index,
    rateBitsPerSecond,
    delayMs * 1000,
    jitterMs * 1000,
    loss,
    burst.enter,
    burst.leave,
    queueBytes,
    up ? 1 : 0,
  ].join(" ");
}

function atLeastZero(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(Number.isFinite(value) && value >= 0)) throw new RangeError(`${name} is ${value}`);
  }
}

function fraction(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} is ${value}, not 0 to 1`);
  }
}
