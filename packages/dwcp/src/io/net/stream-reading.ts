import type { Socket } from "node:net";
import { backend, type TcpInfo } from "@proj/native-io";
import type { StreamPhase, StreamState } from "../../session/stream-state.js";

/** One stream of a session, for people to look at. Metrics never have its number. spec/dwcp.md B16, B17 */
export interface StreamReading {
  /** `host:port` of a peer that this node calls; `incoming` for those that call it. */
  readonly peer: string;
  /** The id of the peer's node. */
  readonly node: string;
  /** Tells the streams of a session apart. */
  readonly index: number;
  /** Whether it takes units. */
  readonly phase: StreamPhase;
  /** Encoded bytes that are under way on it. */
  readonly inflightBytes: number;
  /** Encoded bytes that were acknowledged on it. */
  readonly deliveredBytes: number;
  /** What the kernel says, where the native backend can ask it. */
  readonly tcp?: Pick<
    TcpInfo,
    "rttUs" | "congestionWindowSegments" | "totalRetransmissions" | "notSentBytes"
  > & {
    /** The one in force, which is the host's own where it refused what was asked for. */
    readonly congestionControl: string;
  };
}

/** Reads a stream and its socket. */
export function readStream(
  place: Pick<StreamReading, "peer" | "node">,
  { index, phase, flyingBytes, deliveredBytes }: StreamState,
  socket: Socket,
): StreamReading {
  const known = { ...place, index, phase, inflightBytes: flyingBytes, deliveredBytes };
  const asked = backend.tcp.info(socket);
  const control = backend.tcp.congestionControl(socket);
  if (asked.kind !== "done" || control.kind !== "done") return known;
  const { rttUs, congestionWindowSegments, totalRetransmissions, notSentBytes } = asked.value;
  return {
    ...known,
    tcp: {
      congestionControl: control.value,
      rttUs,
      congestionWindowSegments,
      totalRetransmissions,
      notSentBytes,
    },
  };
}
