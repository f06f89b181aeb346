import { isWireError } from "@proj/wire-types";
import { DwcpError } from "../../errors.js";
import type { DictionaryBook } from "../../dictionary/dictionary-book.js";
import type { StoreMessage } from "../../session/session-events.js";
import { type BaselineStateMessage, MAX_IDS } from "../../wire/store-messages.js";
import type { SessionHost } from "../net/session-host.js";

/** What is talked about. */
export interface StoreTalkContext {
  readonly book: DictionaryBook;
  /** Whether a state is here that something may be sent against. */
  readonly holds: (id: string) => boolean;
  /** A peer no longer has these states. */
  readonly dropped: (peer: string, ids: readonly string[]) => void;
}

/** Which states a peer has, of those it was asked for. */
export type PeerStates = Pick<BaselineStateMessage, "present" | "missing">;

interface Question {
  readonly open: Set<string>;
  readonly present: string[];
  readonly missing: string[];
  readonly answered: (states: PeerStates) => void;
}

interface Talk {
  readonly questions: Set<Question>;
  // Dictionaries that this peer got since its stream opened: none goes out twice for the asking.
  readonly served: Set<string>;
}

const ANSWER_MS = 10_000;

/**
 * Talks with the peers of all sessions about what both sides have: baselines by content id, and dictionaries.
 *
 * @see spec/dwcp.md B11, B12
 */
export class StoreTalk {
  readonly #context: StoreTalkContext;
  readonly #talks = new Map<SessionHost, Talk>();

  constructor(context: StoreTalkContext) {
    this.#context = context;
  }

  /** A session has a stream: what was said on those before may be lost. */
  opened(host: SessionHost): void {
    this.#forgetClosed();
    const { book } = this.#context;
    const peer = peerOf(host);
    const known = this.#talks.get(host);
    if (known === undefined) book.forgetPeer(peer);
    const questions = known?.questions ?? new Set();
    this.#talks.set(host, { questions, served: new Set() });
    for (const offer of book.offersFor(peer)) say(host, offer);
    for (const { open } of questions) say(host, { kind: "BASELINE_QUERY", ids: [...open] });
  }

  /** Offers what peers do not have yet, after a dictionary was trained. */
  offerDictionaries(): void {
    this.#forgetClosed();
    for (const host of this.#talks.keys()) {
      for (const offer of this.#context.book.offersFor(peerOf(host))) say(host, offer);
      host.stir();
    }
  }

  /** Tells every peer that states are gone. */
  drop(ids: readonly string[]): void {
    this.#forgetClosed();
    for (const host of this.#talks.keys()) {
      for (let at = 0; at < ids.length; at += MAX_IDS) {
        say(host, { kind: "BASELINE_DROP", ids: ids.slice(at, at + MAX_IDS) });
      }
      host.stir();
    }
  }

  /**
   * Asks a peer which states it has.
   *
   * @param ids At most {@link MAX_IDS}.
   * @throws DwcpError `dwcp.timeout` when it does not answer.
   */
  query(host: SessionHost, ids: readonly string[]): Promise<PeerStates> {
    const talk = this.#talks.get(host);
    if (ids.length > MAX_IDS) throw new RangeError(`${ids.length} ids, at most ${MAX_IDS}`);
    if (talk === undefined || ids.length === 0) {
      return Promise.resolve({ present: [], missing: ids });
    }
    return new Promise((resolve, reject) => {
      const question: Question = {
        open: new Set(ids),
        present: [],
        missing: [],
        answered: (states) => {
          clearTimeout(timer);
          talk.questions.delete(question);
          resolve(states);
        },
      };
      const timer = setTimeout(() => {
        talk.questions.delete(question);
        reject(new DwcpError("dwcp.timeout", "the peer does not say which states it has"));
      }, ANSWER_MS);
      talk.questions.add(question);
      say(host, { kind: "BASELINE_QUERY", ids: [...ids] });
      host.stir();
    });
  }

  /** Takes what a peer says. What makes no sense is not worth a session: dictionaries and baselines only save bytes. */
  hear(host: SessionHost, message: StoreMessage): void {
    try {
      this.#obey(host, message);
    } catch (error) {
      if (!isWireError(error)) throw error;
    }
    host.stir();
  }

  #obey(host: SessionHost, message: StoreMessage): void {
    const { book, holds, dropped } = this.#context;
    const talk = this.#talks.get(host);
    switch (message.kind) {
      case "BASELINE_QUERY": {
        const present = message.ids.filter((id) => holds(id));
        const missing = message.ids.filter((id) => !present.includes(id));
        say(host, { kind: "BASELINE_STATE", present, missing });
        break;
      }
      case "BASELINE_STATE":
        for (const question of talk?.questions ?? []) answer(question, message);
        break;
      case "BASELINE_DROP":
        dropped(peerOf(host), message.ids);
        break;
      case "DICT_OFFER":
        say(host, book.onOffer(message));
        break;
      case "DICT_STATE": {
        const need = [...new Set(message.need)].filter((id) => talk?.served.has(id) === false);
        for (const id of need) talk?.served.add(id);
        for (const part of book.onState(peerOf(host), { ...message, need })) say(host, part);
        break;
      }
      case "DICT_DATA": {
        const state = book.onData(message);
        if (state !== undefined) say(host, state);
        break;
      }
    }
  }

  #forgetClosed(): void {
    for (const host of this.#talks.keys()) if (host.session.isClosed) this.#talks.delete(host);
  }
}

function answer(question: Question, { present, missing }: BaselineStateMessage): void {
  for (const id of present) if (question.open.delete(id)) question.present.push(id);
  for (const id of missing) if (question.open.delete(id)) question.missing.push(id);
  if (question.open.size === 0) question.answered(question);
}

function peerOf(host: SessionHost): string {
  return host.session.options.identity.peerNodeId;
}

function say(host: SessionHost, message: StoreMessage): void {
  host.session.say(message);
}
