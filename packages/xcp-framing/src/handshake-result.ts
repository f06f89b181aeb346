import { CodecId } from "@proj/wire-types";
import type { Agreement } from "./handshake.js";
import type { SaltInputs } from "./key-schedule.js";
import type { Negotiated } from "./negotiated.js";
import { V01_CODECS } from "./v01-translation.js";
import { Feature, type Profile } from "./wire/constants.js";
import type { Hello } from "./wire/hello.js";

/** What the handshake leaves for the session to go on with. */
export interface HandshakeResult {
  readonly negotiated: Negotiated;
  readonly peerListsProtobuf: boolean;
  /** What the keys are derived from; absent without CRYPT. */
  readonly keys: SaltInputs | undefined;
}

/** What a handshake came to besides the {@link Agreement}. */
export interface HandshakeFacts extends Pick<Negotiated, "sharedMem" | "resumed"> {
  readonly profile: Profile;
}

/** What both ends said, as it was on the wire. §12 */
export interface HandshakeTranscript extends Pick<SaltInputs, "helloPayload" | "capsPayload"> {
  readonly initiatorNonce: Uint8Array | undefined;
  readonly responderNonce: Uint8Array | undefined;
}

/** Puts together what the session goes on with. The peer's credential is left out. */
export function handshakeResult(
  agreement: Agreement,
  peer: Hello,
  facts: HandshakeFacts & Pick<Negotiated, "role">,
  transcript: HandshakeTranscript,
): HandshakeResult {
  const crypt = (agreement.features & Feature.AEAD) !== 0;
  const { auth: _secret, ...publicPeer } = peer;
  const { initiatorNonce, responderNonce, ...payloads } = transcript;
  return {
    negotiated: {
      ...agreement,
      ...facts,
      codecs: facts.profile === "v0.2" ? agreement.codecs : legacyCodecs(facts.profile),
      crypt,
      peer: publicPeer,
    },
    peerListsProtobuf: peer.codecs.includes(CodecId.PROTOBUF),
    keys:
      crypt && initiatorNonce !== undefined && responderNonce !== undefined
        ? { initiatorNonce, responderNonce, ...payloads }
        : undefined,
  };
}

// §5.1: codec 1 only; §5.2: the codecs of its time.
function legacyCodecs(profile: Profile): readonly number[] {
  return profile === "v0.1" ? V01_CODECS : [CodecId.JSON];
}
