import type { Clarifications } from "./clarifications.js";
import { ControlPlane } from "./control-plane.js";
import { FrameIntake } from "./frame-intake.js";
import { Inbox } from "./inbox.js";
import type { Keepalive } from "./keepalive.js";
import type { Negotiated } from "./negotiated.js";
import { Renegotiation, type Terms } from "./renegotiation.js";
import type { Sender } from "./sender.js";
import { makeCiphers } from "./session-ciphers.js";
import type { SessionHooks } from "./session-commands.js";
import type { SessionCore } from "./session-core.js";
import type { HandshakeResult } from "./handshake-result.js";
import { Feature, Flag } from "./wire/constants.js";
import type { FrameReader } from "./wire/frame-reader.js";

/** What an open session goes on with from its handshake, and what it tells. */
export interface OpenSessionParts {
  readonly sender: Sender;
  readonly reader: FrameReader;
  readonly keepalive: Keepalive;
  readonly clarifications: Clarifications;
  readonly hooks: SessionHooks;
  /** The peer takes no new requests. */
  peerGoingAway(): void;
}

/** The machines of a session that exist once the handshake is done. */
export class OpenSession {
  readonly #core: SessionCore;
  readonly #parts: OpenSessionParts;
  /** Messages of the peer. */
  readonly inbox: Inbox;
  /** What frames become of. */
  readonly intake: FrameIntake;
  /** NEGOTIATE. */
  readonly renegotiation: Renegotiation;

  /** Puts what was agreed in force. */
  constructor(core: SessionCore, parts: OpenSessionParts, result: HandshakeResult) {
    this.#core = core;
    this.#parts = parts;
    const { negotiated, keys } = result;
    core.negotiated = negotiated;
    core.peerKnowsCodes = negotiated.peer.features !== undefined;
    const protobuf = result.peerListsProtobuf && core.config.codecs.includes(8) && !core.legacy;
    core.controlCodec = protobuf ? 8 : 1;
    const ciphers = keys === undefined ? undefined : makeCiphers(core, keys);
    const { sender, reader, keepalive, clarifications, hooks } = parts;
    sender.open(ciphers?.sealer);
    this.inbox = new Inbox(core, sender, negotiated);
    this.renegotiation = new Renegotiation(negotiated);
    const control = new ControlPlane(core, {
      inbox: this.inbox,
      sender,
      keepalive,
      clarifications,
      renegotiation: this.renegotiation,
      applyTerms: (terms, as) => this.#applyTerms(terms, as),
      peerGoingAway: () => parts.peerGoingAway(),
      wake: () => hooks.wake?.(),
    });
    this.intake = new FrameIntake(
      core,
      { inbox: this.inbox, sender, ...(ciphers && { opener: ciphers.opener }) },
      negotiated,
      {
        wantsStream: hooks.wantsStream,
        control: (header, payload) => control.receive(header, payload),
      },
    );
    reader.setLimits(negotiated);
    reader.setAllowedFlags(allowedFlags(negotiated));
    if (!core.legacy) keepalive.start(core.nowUs);
    core.log.write("info", "xcp.caps", {
      profile: negotiated.profile,
      codecs: negotiated.codecs.join(","),
      features: negotiated.features,
      crypt: negotiated.crypt,
      resumed: negotiated.resumed,
    });
    core.events.push({ kind: "opened", negotiated });
  }

  #applyTerms(terms: Terms, as: "answerer" | "proposer"): void {
    const core = this.#core;
    const before = core.negotiated;
    if (before === undefined) return;
    const negotiated = { ...before, ...terms };
    core.negotiated = negotiated;
    this.#parts.sender.setMaxFrameBytes(terms.maxFrameBytes);
    // What the proposer sent before it read the answer still arrives.
    this.inbox.codecs =
      as === "proposer" ? terms.codecs : [...new Set([...this.inbox.codecs, ...terms.codecs])];
    if (as === "proposer" || terms.maxFrameBytes > before.maxFrameBytes) {
      this.#parts.reader.setLimits(negotiated);
    }
    core.events.push({ kind: "termsChanged", negotiated });
  }
}

// Which flags frames may carry: COMP and MORE are base features. §6
function allowedFlags(negotiated: Negotiated): number {
  if (negotiated.profile !== "v0.2") return 0;
  let flags: number = Flag.COMP | Flag.MORE;
  if ((negotiated.features & Feature.ACKREQ) !== 0) flags |= Flag.ACKREQ;
  if (negotiated.crypt) flags |= Flag.CRYPT | Flag.KPHASE;
  return flags;
}
