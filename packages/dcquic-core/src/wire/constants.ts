/** First byte of every packet. spec/dcquic.md §17.2 */
export const MAGIC = 0xd2;
/** Length of the header of CONTROL and DATA. §17.2 */
export const HEADER_BYTES = 40;
/** Length of an AEAD tag. §17.2 */
export const TAG_BYTES = 16;
/** Where the credential id lies in every datagram of a path. §17.2, §17.6 */
export const CREDENTIAL_ID_OFFSET = 8;
/** Length of a credential id. §17.2 */
export const CREDENTIAL_ID_BYTES = 16;
/** Length of a chunk's header. §17.5 */
export const CHUNK_HEADER_BYTES = 24;
/** The destination worker hint that means any. §17.2 */
export const ANY_WORKER = 255;
/** A notifySeq that means none, in FLOW_RESET. §17.3 */
export const NO_NOTIFY_SEQ = -1;

/** Types of packets. §17.2 */
export const PacketType = {
  Control: 1,
  Data: 2,
  UnknownPathSecret: 0x10,
  StaleKey: 0x11,
  ReplayDetected: 0x12,
  RetireControlKey: 0x13,
  RetireDataKey: 0x14,
} as const;

/** How the payload of a DATA packet is protected. §17.2 */
export const Protection = {
  /** The AEAD of the packet encrypts the payload. */
  Packet: 0,
  /** Records were encrypted before; the packet authenticates all of it. */
  Record: 1,
  /** Records were encrypted before; the packet authenticates headers only. */
  Headers: 2,
} as const;

/** How the payload of a message is protected, as announcements say it. §8.1, §17.4 */
export const PayloadMode = {
  /** By the AEAD of the packets that carry it. */
  Packet: 0,
  /** Record by record, under a data key. */
  Record: 1,
  /** By the application; its bytes are opaque. */
  PreEncrypted: 2,
} as const;

/** Types of frames. §17.3 */
export const FrameType = {
  Padding: 0x00,
  TransferNotify: 0x01,
  TransferAccept: 0x02,
  PullRequest: 0x03,
  RangeAck: 0x04,
  CancelPull: 0x05,
  FlowReset: 0x06,
  TransferChallenge: 0x07,
  TransferChallengeResponse: 0x08,
  Probe: 0x09,
  ProbeResponse: 0x0a,
  Feedback: 0x0b,
  StreamClose: 0x0c,
  StreamCloseAck: 0x0d,
  Closed: 0x0e,
  PullHold: 0x0f,
} as const;

/** Answers to an announcement. §9.2 */
export const AcceptStatus = {
  New: 0,
  DuplicateActive: 1,
  DuplicateComplete: 2,
  Overloaded: 3,
  NoAcceptor: 4,
  Limit: 5,
  Voided: 6,
} as const;

/** Codes of FLOW_RESET, in the order in which §9.6 lists them. */
export const ResetCode = {
  Unknown: 0,
  StaleBuffer: 1,
  WrongPath: 2,
  Cancelled: 3,
  Integrity: 4,
} as const;

/** Bits of a PULL_REQUEST's flags. §17.3 */
export const PullFlag = { Retransmit: 1, Challenge: 2 } as const;
/** Bits of a RANGE_ACK's flags. §17.3 */
export const RangeAckFlag = { Complete: 1 } as const;
/** Bits of a PROBE's flags. §17.3 */
export const ProbeFlag = { Blocked: 1, Mtu: 2 } as const;
/** Bits of a chunk's flags. §17.5 */
export const ChunkFlag = {
  LastOfPull: 1,
  Retransmission: 2,
  Unsolicited: 4,
  AckRequest: 8,
} as const;
/** What a STREAM_CLOSE ends, of its sender. §15 */
export const CloseScope = { Both: 0, SendDone: 1, ReceiveDone: 2 } as const;

/** Shape bits of an announcement above the pattern. §17.4 */
export const Shape = {
  OpenedByAnnouncer: 0x08,
  Open: 0x10,
  End: 0x20,
  Headers: 0x40,
} as const;
/** Flags of an announcement. §17.4 */
export const NotifyFlag = {
  Inline: 0x01,
  Retransmit: 0x02,
  DataKey: 0x04,
  Deps: 0x08,
  Rma: 0x10,
  Meta: 0x20,
  Token: 0x40,
  Moved: 0x80,
} as const;
/** The five patterns. §4 */
export const Pattern = {
  Unary: 0,
  StreamingResponse: 1,
  StreamingRequest: 2,
  Bidirectional: 3,
  RawBulk: 4,
} as const;

/** Sizes that the wire format itself bounds. §17.7 */
export const WireLimit = {
  maxRanges: 64,
  maxEntries: 64,
  maxEntryBytes: 1280,
  maxDeps: 32,
  maxRma: 8,
  maxMetaBytes: 1024,
  maxReasonBytes: 256,
  maxMessageBytes: 281_474_976_710_656,
  maxInlineBytes: 1280,
  maxAccepts: 128,
  minDatagramBytes: 1200,
  maxDatagramBytes: 8900,
  maxWorkers: 254,
} as const;
