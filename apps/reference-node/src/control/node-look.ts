import type { Clock } from "@proj/wire-types";
import type { NodeHealth, NodeSnapshot } from "./reports.js";
import type { SessionBook } from "./session-book.js";

/** What a {@link NodeLook} looks at. */
export interface NodeView {
  readonly book: SessionBook;
  readonly time: Clock;
  health(): NodeHealth;
}

/** Looks at a node again and again: what changed since the look before is told with what there is. */
export class NodeLook {
  readonly #node: NodeView;
  #known: ReadonlySet<number> = new Set();
  #sequence = 0;

  constructor(node: NodeView) {
    this.#node = node;
  }

  /** What a watch tells now, `skipped` moments having been left out. */
  look(skipped: number): NodeSnapshot {
    const { book, time } = this.#node;
    const open = new Set(book.ids);
    const known = this.#known;
    this.#known = open;
    return {
      sequence: ++this.#sequence,
      atMs: time.wallMs(),
      state: this.#node.health().state,
      sessions: open.size,
      opened: [...open].filter((id) => !known.has(id)),
      closed: [...known].filter((id) => !open.has(id)),
      sent: book.total("sent"),
      received: book.total("received"),
      skipped,
    };
  }
}
