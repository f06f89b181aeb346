/** What an engine counts from its start on. Read them for metrics; they only grow. spec/dcquic.md §21 */
export interface EngineCounters {
  /** Packets of paths that were sent. */
  packetsSent: number;
  /** Their bytes of UDP payload. */
  bytesSent: number;
  /** Packets that were opened. */
  packetsReceived: number;
  /** Their bytes of UDP payload. */
  bytesReceived: number;
  /** Packets that arrived here and belong to another worker of the host. */
  handedOver: number;
  /** Payload bytes put on the wire, all copies. */
  payloadSent: number;
  /** Payload bytes that arrived for the first time. */
  payloadReceived: number;
  /** Payload bytes that were here already. */
  duplicateBytes: number;
  /** Announcements that were repeated because their timer ran out. */
  announcementsRepeatedTimer: number;
  /** Announcements that were repeated because later ones were answered. */
  announcementsRepeatedFast: number;
  /** Pulls that were repeated because their timer ran out. */
  pullsRepeatedTimer: number;
  /** Pulls that were repeated because later ones were answered. */
  pullsRepeatedFast: number;
  /** Pulls of bytes that did not verify. */
  pullsRepeatedIntegrity: number;
  /** Chunks by which a late acknowledgement was asked for. */
  chunksRepeatedTimer: number;
  /** Closes that were repeated because their timer ran out. */
  closesRepeatedTimer: number;
  /** Closes that were repeated because later ones were answered. */
  closesRepeatedFast: number;
  /** Proofs of announcements that were asked for again. */
  challengesRepeatedTimer: number;
  /** Announcements that needed a proof. */
  challenges: number;
  /** Packets that came twice. */
  replayedPackets: number;
  /** Announcements that were known already and were not taken again. */
  knownAnnouncements: number;
  /** Packets below the window. */
  packetsBelowWindow: number;
  /** Packets that did not open. */
  openFailures: number;
  /** Control keys that were replaced. */
  rotations: number;
  /** Control keys that were derived, those of peers included. */
  keysDerived: number;
  /** Small messages announced without their payload for want of credit. */
  inlineRefused: number;
  /** Times that announcements began to wait for credit. */
  creditWaits: number;
  /** PROBEs sent. */
  probes: number;
  /** Peers that became healthy. */
  becameHealthy: number;
  /** Peers that became degraded. */
  becameDegraded: number;
  /** Peers that became silent. */
  becameProbing: number;
  /** Peers that were given up. */
  becameFailed: number;
  /** Reads of peers' memory that brought their bytes. */
  rmaReads: number;
  /** Reads of peers' memory that failed. */
  rmaErrors: number;
  /** Packets that arrived marked CE. */
  ceMarks: number;
}

/** Nothing was counted yet. */
export function engineCounters(): EngineCounters {
  return {
    packetsSent: 0,
    bytesSent: 0,
    packetsReceived: 0,
    bytesReceived: 0,
    handedOver: 0,
    payloadSent: 0,
    payloadReceived: 0,
    duplicateBytes: 0,
    announcementsRepeatedTimer: 0,
    announcementsRepeatedFast: 0,
    pullsRepeatedTimer: 0,
    pullsRepeatedFast: 0,
    pullsRepeatedIntegrity: 0,
    chunksRepeatedTimer: 0,
    closesRepeatedTimer: 0,
    closesRepeatedFast: 0,
    challengesRepeatedTimer: 0,
    challenges: 0,
    replayedPackets: 0,
    knownAnnouncements: 0,
    packetsBelowWindow: 0,
    openFailures: 0,
    rotations: 0,
    keysDerived: 0,
    inlineRefused: 0,
    creditWaits: 0,
    probes: 0,
    becameHealthy: 0,
    becameDegraded: 0,
    becameProbing: 0,
    becameFailed: 0,
    rmaReads: 0,
    rmaErrors: 0,
    ceMarks: 0,
  };
}
