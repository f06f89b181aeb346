import type { RepeatReason } from "../../session/sending-side.js";
import type { Session } from "../../session/session.js";

/** How it stands with what leads to a peer. `degraded`: too few streams; `away`: something waits for a peer that cannot be reached. */
export type LinkCondition = "idle" | "established" | "degraded" | "away";

/** Why units were sent again, and how often. */
export type RepeatCounts = Readonly<Record<RepeatReason, number>>;

/** What went between this node and a peer. Totals only rise while the node lives. spec/dwcp.md B17 */
export interface TrafficReading {
  /** `host:port` of a peer that this node calls; `incoming` for all that call it. */
  readonly peer: string;
  /** How it stands with what leads there. */
  readonly condition: LinkCondition;
  /** Sessions that are not over. */
  readonly sessions: number;
  /** Streams that are attached. */
  readonly streams: number;
  /** Bytes of units that arrived at the peer per second, over the last five. */
  readonly goodput: number;
  /** Bytes of units per second that the path carried lately at its best; 0 before anything is measured. */
  readonly bandwidth: number;
  /** In µs; 0 before anything is measured. */
  readonly minRttUs: number;
  /** Smoothed round trip, in µs; 0 before anything is measured. */
  readonly smoothedRttUs: number;
  /** Bytes of units that are neither acknowledged nor given up. */
  readonly inflightBytes: number;
  /** Bytes that sockets took and gave, of whatever kind; under TLS before encryption. */
  readonly sentBytes: number;
  /** Bytes that sockets gave, of whatever kind; under TLS after decryption. */
  readonly receivedBytes: number;
  /** Bytes of all frames of units that were sent, with repeats. */
  readonly unitBytes: number;
  /** Units that were sent again, and why. */
  readonly repeats: RepeatCounts;
  /** Streams that were attached, and attempts that came to nothing. */
  readonly openings: { readonly attached: number; readonly failed: number };
  /** Streams that nobody here closed, by reason. */
  readonly streamDeaths: ReadonlyMap<string, number>;
  /** Changes of the wanted number of streams. */
  readonly adjustments: { readonly up: number; readonly down: number };
  /** How often a session went on after its last stream was gone. */
  readonly resumes: number;
}

/** Counts what a peer's sessions come to, those that are over too. */
export class TrafficTally {
  sentBytes = 0;
  receivedBytes = 0;
  resumes = 0;
  readonly adjustments: { up: number; down: number } = { up: 0, down: 0 };
  readonly openings: { attached: number; failed: number } = { attached: 0, failed: 0 };
  readonly #deaths = new Map<string, number>();
  readonly #repeats: Record<RepeatReason, number> = noRepeats();
  #unitBytes = 0;

  /** A stream is gone, and nobody here wanted that. */
  streamDied(reason: string): void {
    this.#deaths.set(reason, (this.#deaths.get(reason) ?? 0) + 1);
  }

  /** A session is over: what it counted stays. */
  keep({ sending }: Session): void {
    this.#unitBytes += sending.wireBytes;
    addTo(this.#repeats, sending.repeats);
  }

  /** Reads everything, with the sessions that are not over. */
  read(
    nowUs: number,
    place: Pick<TrafficReading, "peer" | "condition">,
    sessions: readonly Session[],
  ): TrafficReading {
    const repeats = { ...this.#repeats };
    for (const { sending } of sessions) addTo(repeats, sending.repeats);
    const sum = (of: (session: Session) => number) =>
      sessions.reduce((total, session) => total + of(session), 0);
    const rate = sessions.find(({ sending }) => sending.rate.smoothedRttUs > 0)?.sending.rate;
    return {
      ...place,
      sessions: sessions.length,
      streams: sum(({ streams }) => streams.size),
      goodput: sum(({ sending }) => sending.goodput.perSecond(nowUs)),
      bandwidth: rate?.bandwidth ?? 0,
      minRttUs: rate?.minRttUs ?? 0,
      smoothedRttUs: rate?.smoothedRttUs ?? 0,
      inflightBytes: sum(({ sending }) => sending.meter.inflightBytes),
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
      unitBytes: this.#unitBytes + sum(({ sending }) => sending.wireBytes),
      repeats,
      openings: { ...this.openings },
      streamDeaths: new Map(this.#deaths),
      adjustments: { ...this.adjustments },
      resumes: this.resumes,
    };
  }
}

function noRepeats(): Record<RepeatReason, number> {
  return { streamDied: 0, stalled: 0, refused: 0, hedged: 0 };
}

function addTo(total: Record<RepeatReason, number>, more: RepeatCounts): void {
  total.streamDied += more.streamDied;
  total.stalled += more.stalled;
  total.refused += more.refused;
  total.hedged += more.hedged;
}
