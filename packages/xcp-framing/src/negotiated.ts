import type { CodecPolicy } from "@proj/wire-types";
import type { Role } from "./connection-options.js";
import type { Profile } from "./wire/constants.js";
import type { Hello } from "./wire/hello.js";

/** What both ends agreed on. spec/xcp.md §6 */
export interface Negotiated {
  /** How frames look on the wire. */
  readonly profile: Profile;
  /** Which end this is. */
  readonly role: Role;
  /** The lower of the two minor versions. */
  readonly minor: number;
  /** Codecs that both ends have, in the responder's order of preference; JSON included where it is implied. */
  readonly codecs: readonly number[];
  /** The stricter of the two policies. */
  readonly codecPolicy: CodecPolicy;
  /** Largest PLEN of a frame, either way, in bytes. */
  readonly maxFrameBytes: number;
  /** Largest reassembled and decompressed message, either way, in bytes. */
  readonly maxMessageBytes: number;
  /** Ids that duplicate detection remembers. */
  readonly dedupWindow: number;
  /** Messages that this end may leave unanswered at the peer. */
  readonly sendInflight: number;
  /** Messages that the peer may leave unanswered here. */
  readonly receiveInflight: number;
  /** Bits of `Feature` in force. */
  readonly features: number;
  /** Whether the same-host proof succeeded. §16.2 */
  readonly sharedMem: boolean;
  /** Whether payloads are encrypted by XCP. §12 */
  readonly crypt: boolean;
  /** Whether this connection continues a session of an earlier one. §10 */
  readonly resumed: boolean;
  /** The peer's HELLO or CAPS: kinds, agent, converters, limits. Its credential is left out. */
  readonly peer: Omit<Hello, "auth">;
}
