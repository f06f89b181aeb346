/** What the kernel knows about one connection; times in microseconds, sizes in bytes, counts in segments. */
export interface TcpInfo {
  /** Smoothed round-trip time. */
  readonly rttUs: number;
  /** Its mean deviation. */
  readonly rttVarUs: number;
  /** The smallest that was measured lately; 0 where the kernel does not tell. */
  readonly minRttUs: number;
  /** Time until a segment is taken for lost. */
  readonly retransmissionTimeoutUs: number;
  /** Payload of a full segment. */
  readonly sendMssBytes: number;
  /** Largest packet that is believed to pass. */
  readonly pathMtuBytes: number;
  /** Congestion window. */
  readonly congestionWindowSegments: number;
  /** Slow start ends at this window. */
  readonly slowStartThresholdSegments: number;
  /** Sent and not acknowledged. */
  readonly unackedSegments: number;
  /** Believed to be lost. */
  readonly lostSegments: number;
  /** Retransmitted and not acknowledged. */
  readonly retransmittingSegments: number;
  /** Retransmitted since the connection began. */
  readonly totalRetransmissions: number;
  /** Rate at which the kernel sends, per second. */
  readonly pacingRateBytes: number;
  /** Rate at which data arrived lately, per second. */
  readonly deliveryRateBytes: number;
  /** Acknowledged since the connection began. */
  readonly ackedBytes: number;
  /** Received since the connection began. */
  readonly receivedBytes: number;
  /** Waiting in the kernel without having been sent. */
  readonly notSentBytes: number;
  /** What the peer's window allows; 0 where the kernel does not tell. */
  readonly sendWindowBytes: number;
}

// Places in Linux's struct tcp_info, which only ever grows at its end.
const U32 = {
  retransmissionTimeoutUs: 8,
  sendMssBytes: 16,
  unackedSegments: 24,
  lostSegments: 32,
  retransmittingSegments: 36,
  pathMtuBytes: 60,
  rttUs: 68,
  rttVarUs: 72,
  slowStartThresholdSegments: 76,
  congestionWindowSegments: 80,
  totalRetransmissions: 100,
  notSentBytes: 144,
  minRttUs: 148,
  sendWindowBytes: 228,
} as const;

const U64 = {
  pacingRateBytes: 104,
  ackedBytes: 120,
  receivedBytes: 128,
  deliveryRateBytes: 160,
} as const;

/** As many bytes of it as are read. */
export const TCP_INFO_BYTES = 232;

/** Reads Linux's `struct tcp_info`; what an older kernel does not write is 0. */
export function parseTcpInfo(bytes: Uint8Array): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const u32 = (at: number) => (at + 4 <= bytes.length ? view.getUint32(at, littleEndian) : 0);
  const u64 = (at: number) =>
    at + 8 <= bytes.length ? Number(view.getBigUint64(at, littleEndian)) : 0;
  return {
    rttUs: u32(U32.rttUs),
    rttVarUs: u32(U32.rttVarUs),
    minRttUs: u32(U32.minRttUs),
    retransmissionTimeoutUs: u32(U32.retransmissionTimeoutUs),
    sendMssBytes: u32(U32.sendMssBytes),
    pathMtuBytes: u32(U32.pathMtuBytes),
    congestionWindowSegments: u32(U32.congestionWindowSegments),
    slowStartThresholdSegments: u32(U32.slowStartThresholdSegments),
    unackedSegments: u32(U32.unackedSegments),
    lostSegments: u32(U32.lostSegments),
    retransmittingSegments: u32(U32.retransmittingSegments),
    totalRetransmissions: u32(U32.totalRetransmissions),
    pacingRateBytes: u64(U64.pacingRateBytes),
    deliveryRateBytes: u64(U64.deliveryRateBytes),
    ackedBytes: u64(U64.ackedBytes),
    receivedBytes: u64(U64.receivedBytes),
    notSentBytes: u32(U32.notSentBytes),
    sendWindowBytes: u32(U32.sendWindowBytes),
  };
}
