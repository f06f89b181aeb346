import { StreamClimber } from "../../rate/stream-climber.js";
import type { StreamBounds } from "../../rate/stream-hint.js";
import type { SendingSide } from "../../session/sending-side.js";

const LOOK_EVERY_MS = 500;

/** What a tuner asks of its session, and tells it. */
export interface TunedSession {
  readonly nowUs: () => number;
  /** How many the session could have beside all others. */
  readonly mostStreams: () => number;
  /** A look was taken: there should be so many more, or fewer where it is negative. */
  readonly changed: (difference: number) => void;
}

/** Looks now and then at what a session's streams achieve, and says when others would serve better. spec/dwcp.md B13 */
export class StreamTuner {
  readonly #climber: StreamClimber;
  readonly #isMeasuring: boolean;
  #timer: NodeJS.Timeout | undefined;

  /** Without measuring the count stays what it was at first. */
  constructor(
    options: StreamBounds & { readonly autoStreams: boolean; readonly streamScalingFactor: number },
  ) {
    this.#isMeasuring = options.autoStreams;
    this.#climber = new StreamClimber(options.initialStreams, options, options.streamScalingFactor);
  }

  /** How many streams there should be. */
  get count(): number {
    return this.#climber.count;
  }

  /** Begins to measure a session. */
  start(sending: SendingSide, { nowUs, mostStreams, changed }: TunedSession): void {
    this.stop();
    if (!this.#isMeasuring) return;
    let sinceUs = nowUs();
    let delivered = 0;
    this.#timer = setInterval(() => {
      const now = nowUs();
      if (now - sinceUs < StreamClimber.windowUs(sending.rate.smoothedRttUs)) return;
      const bytes = sending.meter.deliveredBytes - delivered;
      const before = this.#climber.count;
      const count = this.#climber.observe({
        nowUs: now,
        goodput: (bytes / (now - sinceUs)) * 1e6,
        rttUs: sending.rate.smoothedRttUs,
        limitedElsewhere: sending.isStarved,
        most: mostStreams(),
      });
      sinceUs = now;
      delivered = sending.meter.deliveredBytes;
      changed(count - before);
    }, LOOK_EVERY_MS);
  }

  /** Measures no more. Harmless the second time. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
