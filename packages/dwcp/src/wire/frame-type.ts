/** Types of frames. spec/dwcp.md B2 */
export const FrameType = {
  HELLO: 0x01,
  WELCOME: 0x02,
  AUTH: 0x03,
  AUTH_OK: 0x04,
  ATTACH: 0x05,
  ATTACHED: 0x06,
  PING: 0x07,
  PONG: 0x08,
  GOAWAY: 0x09,
  ERROR: 0x0a,
  OFFER: 0x10,
  ACCEPT: 0x11,
  REJECT: 0x12,
  CANCEL: 0x13,
  PAUSE: 0x14,
  CONTINUE: 0x15,
  CHUNK: 0x20,
  ACK: 0x21,
  NACK: 0x22,
  CREDIT: 0x23,
  CHUNK_AT: 0x24,
  FIN: 0x30,
  VERIFIED: 0x31,
  LEAVES: 0x32,
  REPAIR: 0x33,
  COMMITTED: 0x34,
  BASELINE_QUERY: 0x40,
  BASELINE_STATE: 0x41,
  BASELINE_DROP: 0x42,
  DICT_OFFER: 0x48,
  DICT_STATE: 0x49,
  DICT_DATA: 0x4a,
  ROUND: 0x50,
  SWITCHOVER: 0x51,
  MEMORY: 0x60,
} as const;

/** The name of a frame type. */
export type FrameName = keyof typeof FrameType;

const names: ReadonlyMap<number, FrameName> = new Map(
  Object.entries(FrameType).map(([name, type]) => [type, name as FrameName]),
);

/** Finds the name of `type`, or `undefined` where this version knows none. */
export function frameNameOf(type: number): FrameName | undefined {
  return names.get(type);
}
