import type { Socket } from "node:net";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import type { BaselineLimits } from "../baseline/baseline-limits.js";
import type { SessionSecurity } from "../session/security.js";
import type { SessionTuning } from "../session/session-options.js";
import type { LinkOptions, PeerAddress } from "./net/link-options.js";
import type { CongestionControl } from "./net/tune-socket.js";
import type { RmaOptions } from "./rma/open-carrier.js";
import type { TrainerOptions } from "./transfer/class-trainer.js";
import type { Received } from "./transfer/receive-job-context.js";
import type { Verification } from "./transfer/verification.js";

/** What a node is made of. Names and defaults are those of spec/dwcp.md B16. */
export interface DwcpNodeOptions {
  /** What the node calls itself. */
  readonly nodeId: string;
  /** Must be chosen; `none` is refused on addresses that others can reach. */
  readonly security: SessionSecurity;
  /** Where peers connect to; without it the node only sends. */
  readonly listen?: PeerAddress & { readonly tls?: TlsOptions };
  /** Folder of received objects; without it the node only sends. */
  readonly store?: string;
  /** TLS towards peers. */
  readonly tls?: ConnectionOptions;
  /** How many connections a session has. */
  readonly streams?: Partial<
    Pick<
      LinkOptions,
      "minStreams" | "maxStreams" | "initialStreams" | "autoStreams" | "streamScalingFactor"
    > & {
      /** What all sessions have at most, whoever opened them; 0, or left out: four times `maxStreams`. */
      readonly maxStreamsTotal: number;
    }
  >;
  /** How units are cut, paced and given up. */
  readonly tuning?: Partial<SessionTuning>;
  /** What the kernel is asked for, where there is a native backend; `bbr` when absent. */
  readonly congestionControl?: CongestionControl;
  /** When what is sent and received is hashed; `beside` when absent: `transport.verification`. */
  readonly verification?: Verification;
  /** Memory access that units may be read by, where the peer has the same; without it they go by the connections. */
  readonly rma?: RmaOptions;
  /** How long a connection may take; 30 000 when absent. */
  readonly connectTimeoutMs?: number;
  /** How long a session outlives its last stream; 120 000 when absent. */
  readonly sessionTtlMs?: number;
  /** Where states that peers committed are kept, so that the next ones are sent against them; without it nothing is. */
  readonly baselines?: { readonly folder: string; readonly limits?: Partial<BaselineLimits> };
  /** How dictionaries of small objects are trained: `compression.dictionary`. */
  readonly dictionaries?: TrainerOptions;
  /** Threads that encode and decode; one less than there are cores when absent: `compression.workers`. */
  readonly workers?: number;
  /** Share of the machine above which levels go down: `compression.cpuCeiling`. */
  readonly cpuCeiling?: number;
  /**
   * Hears of every object that arrived whole, before its sender does; a rejection fails the transfer, and it is told again when the
   * object is offered again. A process that was killed may have heard of it: the next one is told again, too. After the last round of a
   * live migration the source stands still for good: whatever was moved may run here from now on.
   */
  readonly received?: Received;
  /** Takes connections of peers that speak something else. */
  readonly foreign?: (socket: Socket, bytes: Uint8Array) => void;
}
