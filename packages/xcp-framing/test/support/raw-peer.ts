import { Session } from "#src/session.js";
import type { SessionHooks } from "#src/session-commands.js";
import { resolveSessionConfig } from "#src/session-config.js";
import type { SessionEvent } from "#src/session-events.js";
import { Flag, MsgType, type Profile } from "#src/wire/constants.js";
import { encodeFrame } from "#src/wire/frame.js";
import type { ReceivedFrame } from "#src/wire/frame-event.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import { type FrameHeader, NO_TAGS } from "#src/wire/header.js";
import { decodeNack, type Nack } from "#src/wire/control.js";
import { encodeHello, type Hello } from "#src/wire/hello.js";
import type { ConnectionOptions, Role } from "@proj/xcp-framing";
import { concatBytes, type ManualTime, type TransportInfo } from "@proj/wire-types";
import { simPlatform } from "./sim-platform.js";

const info: TransportInfo = { transport: "sim", peer: undefined, secure: true, local: true };
const ALL_FLAGS = Flag.COMP | Flag.CRYPT | Flag.MORE | Flag.LARGE | Flag.ACKREQ | Flag.KPHASE;

/** The header fields a test cares about. */
export type PartialHeader = Partial<FrameHeader> & Pick<FrameHeader, "msgType">;

/** Completes a header. */
export function header(fields: PartialHeader): FrameHeader {
  return {
    channelId: 0,
    bodyCodec: 8,
    schemaKey: undefined,
    msgId: 0,
    inReplyTo: 0,
    tags: NO_TAGS,
    ...fields,
  };
}

/** A session under test whose peer is the test itself, frame by frame. */
export class RawPeer {
  readonly time: ManualTime;
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  readonly profile: Profile;
  readonly #reader: FrameReader;
  readonly #crc32c: (bytes: Uint8Array) => number;

  constructor(
    role: Role,
    options: Omit<ConnectionOptions, "platform"> = {},
    profile: Profile = "v0.2",
    hooks?: SessionHooks,
  ) {
    const platform = simPlatform();
    this.time = platform.time;
    this.profile = profile;
    this.#crc32c = platform.crc32c;
    const config = resolveSessionConfig({ platform, ...options }, role, {
      info,
      framing: "bytes",
    });
    this.session = new Session(config, this.time.nowUs(), hooks);
    this.#reader = new FrameReader({
      crc32c: platform.crc32c,
      limits: { maxHeaderBytes: 65_535 },
      profile,
    });
    this.#reader.setLimits({ maxFrameBytes: 2 ** 31, maxMessageBytes: 2 ** 31 });
    this.#reader.setAllowedFlags(ALL_FLAGS);
    this.session.start(this.time.nowUs());
  }

  /** Sends one frame to the session. */
  send(fields: PartialHeader, payload: Uint8Array = new Uint8Array(0), flags = 0): void {
    this.sendBytes(this.encode(fields, payload, flags));
  }

  /** The bytes of a frame. */
  encode(fields: PartialHeader, payload: Uint8Array = new Uint8Array(0), flags = 0): Uint8Array {
    const frame = { flags, header: header(fields), payload };
    return concatBytes(encodeFrame(this.profile, frame, this.#crc32c));
  }

  /** Sends bytes to the session. */
  sendBytes(bytes: Uint8Array): void {
    this.session.receive(this.time.nowUs(), bytes);
    this.pump();
  }

  /** Everything the session wrote since the last call, as frames. */
  frames(): ReceivedFrame[] {
    this.pump();
    const frames: ReceivedFrame[] = [];
    for (
      let parts = this.session.transmit(this.time.nowUs());
      parts !== undefined;
      parts = this.session.transmit(this.time.nowUs())
    ) {
      this.#reader.push(concatBytes(parts));
    }
    for (let event = this.#reader.next(); event !== undefined; event = this.#reader.next()) {
      if (event.kind === "rejected") throw event.error;
      frames.push(event);
    }
    this.pump();
    return frames;
  }

  /** The NACKs among the frames written since the last call. */
  nacks(): Nack[] {
    return this.frames()
      .filter((frame) => frame.header.msgType === MsgType.NACK)
      .map((frame) => decodeNack(frame.payload, frame.header.bodyCodec === 1 ? 1 : 8));
  }

  /** Collects news. */
  pump(): void {
    for (
      let event = this.session.nextEvent();
      event !== undefined;
      event = this.session.nextEvent()
    ) {
      this.events.push(event);
    }
  }

  /** The events of one kind. */
  of<K extends SessionEvent["kind"]>(kind: K): Extract<SessionEvent, { kind: K }>[] {
    return this.events.filter(
      (event): event is Extract<SessionEvent, { kind: K }> => event.kind === kind,
    );
  }

  /** Lets time pass, with the session doing what is due. */
  advance(us: number): void {
    const end = this.time.nowUs() + us;
    for (let due = this.session.nextDeadlineUs(); due <= end; due = this.session.nextDeadlineUs()) {
      this.time.advance(Math.max(1, due - this.time.nowUs()));
      this.session.tick(this.time.nowUs());
      this.pump();
    }
    this.time.advance(Math.max(0, end - this.time.nowUs()));
  }

  /** Completes the handshake as an initiator with this HELLO. */
  hello(fields: Partial<Hello> = {}): ReceivedFrame[] {
    const hello: Hello = {
      codecs: [8, 1],
      accepts: [],
      emits: [],
      sharedMem: false,
      features: 97,
      ...fields,
    };
    this.send(
      { msgType: MsgType.HELLO, msgId: 1, bodyCodec: this.profile === "v0.2" ? 8 : 1 },
      encodeHello(hello, this.profile === "v0.2" ? 8 : 1),
    );
    return this.frames();
  }
}
