import type { ClarifyReq, ClarifyRes, ConfirmReq, ConfirmRes } from "./wire/control.js";
import type { FrameHeader } from "./wire/header.js";

/** What a session asks of its driver at once, rather than by an event. */
export interface SessionHooks {
  /** Whether a message is to be taken in pieces, and into what; decided at its first chunk. Must not throw. */
  readonly wantsStream?: (header: FrameHeader) => unknown;
  /** Something was queued by another session: transmit and look for events. */
  readonly wake?: () => void;
}

/** How a message of this end is sent. */
export interface SubmitOptions {
  readonly channelId: number;
  /** Whether a reply settles it. */
  readonly wants: "nothing" | "reply";
  readonly acknowledge?: boolean | undefined;
  /** Microseconds; 0 = never. */
  readonly timeoutUs?: number | undefined;
  readonly attempts?: number | undefined;
  /** The id it had in an earlier connection of the same session. */
  readonly msgId?: number | undefined;
}

/** The bodies of a question to the peer, without what the session fills in. */
export type QuestionBody =
  | { readonly kind: "clarify"; readonly request: Omit<ClarifyReq, "msgId"> }
  | { readonly kind: "confirm"; readonly request: Omit<ConfirmReq, "msgId"> };

/** The bodies of an answer to the peer's question. */
export type AnswerBody =
  | { readonly kind: "clarify"; readonly response: Omit<ClarifyRes, "msgId"> }
  | { readonly kind: "confirm"; readonly response: Omit<ConfirmRes, "msgId"> };
