import type { TraceSpan } from "./trace-span.js";

/** Takes spans that ended, to keep or to send them. What it throws is counted, and loses them. */
export type TraceExport = (spans: readonly TraceSpan[]) => void;

/** Spans that ended, until there are enough of them, or the first of them is old enough, to be handed on. */
export class SpanBatch {
  readonly #take: TraceExport;
  readonly #mostSpans: number;
  readonly #mostUs: number;
  #spans: TraceSpan[] = [];
  #sinceUs = 0;
  #lost = 0;

  /** Hands on `mostSpans` at a time, or fewer after `mostUs`. */
  constructor(take: TraceExport, mostSpans: number, mostUs: number) {
    this.#take = take;
    this.#mostSpans = mostSpans;
    this.#mostUs = mostUs;
  }

  /** Spans that were lost because they could not be handed on. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a span that ended. */
  add(nowUs: number, span: TraceSpan): void {
    if (this.#spans.length === 0) this.#sinceUs = nowUs;
    this.#spans.push(span);
    if (this.#spans.length >= this.#mostSpans) this.flush();
  }

  /** Hands on what waited for long enough. */
  at(nowUs: number): void {
    if (this.#spans.length > 0 && nowUs - this.#sinceUs >= this.#mostUs) this.flush();
  }

  /** Hands on what waits. */
  flush(): void {
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    try {
      this.#take(spans);
    } catch {
      this.#lost += spans.length;
    }
  }
}
