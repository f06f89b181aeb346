import { encodeUtf8 } from "@proj/wire-types";
import { STREAMED_TYPE } from "./batch-limits.js";
import type { BatchAnswer } from "./serve-batch.js";

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "open"; readonly controller: ReadableStreamDefaultController<Uint8Array> }
  | { readonly kind: "gone" };

/** A `Response` that begins with the first part of an answer, and goes on as the others come. */
export class StreamedResponse {
  readonly #begin: (response: Response) => void;
  #state: State = { kind: "waiting" };
  #gone: (() => void) | undefined;

  /** `begin` takes the response when its first part is there. */
  constructor(begin: (response: Response) => void) {
    this.#begin = begin;
  }

  /** Calls `gone` when nobody reads on. */
  whenGone(gone: () => void): void {
    this.#gone = gone;
  }

  /** Sends a part. */
  push(part: string): void {
    if (this.#state.kind === "waiting") this.#open();
    if (this.#state.kind === "open") this.#state.controller.enqueue(encodeUtf8(part));
  }

  /** Sends the rest and ends; answers false where nothing has been sent before. */
  end({ body }: BatchAnswer): boolean {
    if (this.#state.kind === "open") {
      if (body !== "") this.#state.controller.enqueue(encodeUtf8(body));
      this.#state.controller.close();
    }
    return this.#state.kind !== "waiting";
  }

  #open(): void {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#state = { kind: "open", controller };
      },
      cancel: () => {
        this.#state = { kind: "gone" };
        this.#gone?.();
      },
    });
    this.#begin(new Response(body, { headers: { "content-type": STREAMED_TYPE } }));
  }
}
