import { createHash } from "node:crypto";
import type { Inbound } from "#src/inbound.js";
import { Session } from "#src/session.js";
import { resolveSessionConfig } from "#src/session-config.js";
import type { SessionEvent } from "#src/session-events.js";
import { Flag, MsgType } from "#src/wire/constants.js";
import { FrameReader } from "#src/wire/frame-reader.js";
import {
  concatBytes,
  type ManualTime,
  SeededRandom,
  type TransportInfo,
  uniform,
} from "@proj/wire-types";
import {
  type ConnectionOptions,
  newSessionMemory,
  type SessionMemory,
  SessionStore,
  XcpError,
} from "@proj/xcp-framing";
import { type SimPlatform, simPlatform } from "../support/sim-platform.js";

const info: TransportInfo = { transport: "sim", peer: undefined, secure: true, local: true };
const KEY_BYTES = 4;

/** How often things go wrong, each from 0 to 1 per frame or message. */
export interface Faults {
  readonly flip: number;
  readonly duplicate: number;
  readonly dropAck: number;
  readonly refuse: number;
  /** Per step of time. */
  readonly disconnect: number;
}

/** What a run is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly faults: Faults;
  readonly requests: number;
  readonly encrypted: boolean;
}

interface Flight {
  readonly bytes: Uint8Array;
  readonly lane: string;
  readonly dueUs: number;
}

interface Task {
  readonly key: number;
  readonly body: Uint8Array;
  readonly channelId: number;
  readonly acknowledge: boolean;
  msgId: number | undefined;
  /** `waiting`, `replied`, or why it failed. */
  outcome: string;
}

interface Work {
  readonly inbound: Inbound;
  readonly dueUs: number;
  readonly refuses: boolean;
}

/**
 * A client and a server in virtual time, joined by a line that overtakes between channels, damages and repeats frames,
 * loses ACKs and breaks, and a server that refuses at random. Everything is decided by one seed.
 */
export class FaultyWorld {
  readonly tasks: Task[] = [];
  /** Times each task was executed to the end. */
  readonly executions = new Map<number, number>();
  /** Bodies that arrived other than they were sent. */
  damaged = 0;
  connections = 0;
  worstQueuedBytes = 0;
  readonly #options: WorldOptions;
  readonly #random: SeededRandom;
  readonly #platform: SimPlatform;
  readonly #serverPlatform: SimPlatform;
  readonly #time: ManualTime;
  readonly #store = new SessionStore();
  readonly #hash = createHash("sha256");
  #memory: SessionMemory;
  #client: Session;
  #server: Session;
  #toServer: Flight[] = [];
  #toClient: Flight[] = [];
  #work: Work[] = [];
  readonly #lanes = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#platform = simPlatform(options.seed + 1);
    this.#time = this.#platform.time;
    this.#serverPlatform = simPlatform(options.seed + 2, this.#time);
    this.#memory = newSessionMemory(this.#platform.random);
    [this.#client, this.#server] = this.#connect();
  }

  /** A digest of everything that happened. */
  get digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** What both sessions still hold. */
  get leftovers(): number {
    const [client, server] = [this.#client, this.#server].map((end) => end.stats(this.#now()));
    return (
      (client?.partialBytes ?? 0) +
      (client?.queuedBytes ?? 0) +
      (client?.inflightSent ?? 0) +
      (server?.partialBytes ?? 0) +
      (server?.queuedBytes ?? 0) +
      (server?.inflightReceived ?? 0)
    );
  }

  /** Submits the tasks over time and lets everything come to an end. */
  run(): void {
    for (let step = 0; step < 200_000; step++) {
      if (this.tasks.length < this.#options.requests && this.#chance(0.2)) this.#submitNew();
      this.#step();
      const done = this.tasks.every((task) => task.outcome !== "waiting");
      if (this.tasks.length === this.#options.requests && done) break;
    }
    for (let step = 0; step < 20_000; step++) this.#step("calm");
  }

  #now(): number {
    return this.#time.nowUs();
  }

  #chance(probability: number): boolean {
    return uniform(this.#random) < probability;
  }

  #pick(below: number): number {
    return Math.floor(uniform(this.#random) * below);
  }

  #connect(): [Session, Session] {
    this.connections++;
    this.#toServer = [];
    this.#toClient = [];
    const key = new Uint8Array(32).fill(5);
    const common: Partial<ConnectionOptions> = {
      limits: {
        maxFrameBytes: 2000,
        maxCrcFailures: 1000,
        maxDecryptFailures: 1000,
        ackTimeoutMs: 200,
        maxAttempts: 30,
      },
      requestTimeoutMs: 0,
      ...(this.#options.encrypted && { key }),
    };
    const client = resolveSessionConfig(
      { ...common, platform: this.#platform, session: this.#memory },
      "initiator",
      { info, framing: "messages" },
    );
    const server = resolveSessionConfig(
      { ...common, platform: this.#serverPlatform, sessions: this.#store },
      "responder",
      { info, framing: "messages" },
    );
    const ends: [Session, Session] = [
      new Session(client, this.#now()),
      new Session(server, this.#now()),
    ];
    for (const end of ends) end.start(this.#now());
    return ends;
  }

  // The client comes back with its session and sends what is unanswered again, under the same ids.
  #reconnect(): void {
    this.#client.receiveClose(this.#now(), undefined);
    this.#server.receiveClose(this.#now(), undefined);
    for (const end of [this.#client, this.#server]) {
      while (end.nextEvent() !== undefined);
      end.dispose(this.#now());
    }
    this.#memory = this.#client.memory;
    const before = this.#server;
    [this.#client, this.#server] = this.#connect();
    // Handlers of the old connection finish; their results stay with the session.
    for (const { inbound } of this.#work) {
      this.#finish(before, inbound);
    }
    this.#work = [];
  }

  #submitNew(): void {
    const key = this.tasks.length + 1;
    const size = KEY_BYTES + this.#pick(this.#chance(0.2) ? 30_000 : 300);
    const body = this.#random.fill(new Uint8Array(size));
    new DataView(body.buffer).setUint32(0, key);
    this.tasks.push({
      key,
      body,
      channelId: 1 + 2 * this.#pick(4),
      acknowledge: this.#chance(0.5),
      msgId: undefined,
      outcome: "waiting",
    });
  }

  #submitWaiting(): void {
    if (this.#client.phase !== "open") return;
    for (const task of this.tasks) {
      if (task.outcome !== "waiting" || this.#submitted.has(task)) continue;
      const transfer = this.#client.submit(
        this.#now(),
        { bodyCodec: 8, body: task.body },
        {
          channelId: task.channelId,
          wants: "reply",
          acknowledge: task.acknowledge,
          msgId: task.msgId,
        },
      );
      transfer.owner = task;
      task.msgId = transfer.msgId;
      this.#submitted.add(task);
    }
  }

  readonly #submitted = new Set<Task>();

  #step(mood: "faulty" | "calm" = "faulty"): void {
    this.#time.advance(1000);
    if (mood === "faulty" && this.#chance(this.#options.faults.disconnect)) {
      this.#submitted.clear();
      this.#reconnect();
    }
    for (const end of [this.#client, this.#server]) {
      if (end.nextDeadlineUs() <= this.#now()) end.tick(this.#now());
    }
    this.#doWork();
    this.#submitWaiting();
    this.#emit(this.#client, this.#toServer, "up", mood);
    this.#emit(this.#server, this.#toClient, "down", mood);
    this.#toServer = this.#arrive(this.#toServer, this.#server);
    this.#toClient = this.#arrive(this.#toClient, this.#client);
    this.#events(this.#client);
    this.#events(this.#server);
    this.worstQueuedBytes = Math.max(
      this.worstQueuedBytes,
      this.#client.queuedBytes,
      this.#server.queuedBytes,
    );
  }

  #emit(from: Session, to: Flight[], direction: string, mood: "faulty" | "calm"): void {
    for (
      let parts = from.transmit(this.#now());
      parts !== undefined;
      parts = from.transmit(this.#now())
    ) {
      const bytes = concatBytes(parts);
      const faults = mood === "calm" ? NO_FAULTS : this.#options.faults;
      const { msgType, lane, whole, payloadAt } = describe(bytes, direction);
      this.#hash.update(bytes);
      if (msgType === MsgType.HELLO || msgType === MsgType.CAPS) {
        to.push({ bytes, lane, dueUs: this.#now() });
        continue;
      }
      if (msgType === MsgType.ACK && this.#chance(faults.dropAck)) continue;
      // A NACK that is lost is noticed by the time-out of its request only, and these requests have none.
      const mayFlip = msgType !== MsgType.NACK && payloadAt < bytes.length - 4;
      const flips = mayFlip && this.#chance(faults.flip);
      const sent = flips ? this.#flip(bytes, payloadAt) : bytes;
      this.#launch(to, sent, lane);
      if (whole && this.#chance(faults.duplicate)) this.#launch(to, bytes, lane);
    }
  }

  #flip(bytes: Uint8Array, payloadAt: number): Uint8Array {
    const damaged = bytes.slice();
    const at = payloadAt + this.#pick(damaged.length - payloadAt);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#pick(8));
    return damaged;
  }

  // Frames of one lane keep their order; lanes overtake each other.
  #launch(to: Flight[], bytes: Uint8Array, lane: string): void {
    const dueUs = Math.max(this.#lanes.get(lane) ?? 0, this.#now() + this.#pick(20) * 1000);
    this.#lanes.set(lane, dueUs);
    to.push({ bytes, lane, dueUs });
  }

  #arrive(flights: Flight[], at: Session): Flight[] {
    const left: Flight[] = [];
    for (const flight of flights) {
      if (flight.dueUs > this.#now()) left.push(flight);
      else at.receive(this.#now(), flight.bytes);
    }
    return left;
  }

  #events(end: Session): void {
    for (let event = end.nextEvent(); event !== undefined; event = end.nextEvent()) {
      this.#hash.update(event.kind);
      this.#handle(event);
    }
  }

  #handle(event: SessionEvent): void {
    switch (event.kind) {
      case "messageReceived":
        this.#work.push({
          inbound: event,
          dueUs: this.#now() + this.#pick(10) * 1000,
          refuses: this.#chance(this.#options.faults.refuse),
        });
        return;
      case "replied": {
        const task = event.transfer.owner as Task;
        task.outcome = "replied";
        if (Buffer.compare(event.reply.body, task.body.toReversed()) !== 0) this.damaged++;
        return;
      }
      case "renumbered":
        (event.transfer.owner as Task).msgId = event.transfer.msgId;
        return;
      case "failed": {
        const task = event.transfer.owner as Task;
        if (event.error.code !== "wire.closed") task.outcome = event.error.message;
        return;
      }
      case "closed":
        if (event.error !== undefined && event.error.code !== "wire.closed") throw event.error;
        return;
      default:
    }
  }

  #doWork(): void {
    const due = this.#work.filter((work) => work.dueUs <= this.#now());
    this.#work = this.#work.filter((work) => work.dueUs > this.#now());
    for (const { inbound, refuses } of due) {
      if (refuses) {
        const details = { retry_after_ms: 5 };
        const busy = new XcpError("xcp.busy", "later", { details });
        this.#server.replies.refuse(this.#now(), inbound, busy);
      } else this.#finish(this.#server, inbound);
    }
  }

  #finish(server: Session, inbound: Inbound): void {
    const { body } = inbound.message;
    const key = new DataView(body.buffer, body.byteOffset).getUint32(0);
    this.executions.set(key, (this.executions.get(key) ?? 0) + 1);
    const task = this.tasks[key - 1];
    if (task === undefined || Buffer.compare(body, task.body) !== 0) this.damaged++;
    server.replies.reply(this.#now(), inbound, { bodyCodec: 8, body: body.toReversed() });
  }
}

const NO_FAULTS: Faults = { flip: 0, duplicate: 0, dropAck: 0, refuse: 0, disconnect: 0 };

interface FrameFacts {
  readonly msgType: number;
  readonly lane: string;
  /** Not a chunk of a train: a line may repeat it without changing what it means. */
  readonly whole: boolean;
  readonly payloadAt: number;
}

function describe(bytes: Uint8Array, direction: string): FrameFacts {
  const reader = new FrameReader({
    crc32c: () => 0,
    limits: { maxHeaderBytes: 65_535 },
    profile: "v0.2",
  });
  reader.setLimits({ maxFrameBytes: 2 ** 30, maxMessageBytes: 2 ** 30 });
  reader.setAllowedFlags(0xff);
  reader.push(bytes);
  const event = reader.next();
  if (event === undefined) throw new Error("a session wrote half a frame");
  const headerBytes = (bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8);
  const { msgType, channelId, msgId } = event.header;
  const length = tagOf(event.header.tags);
  const inTrain = trains.has(`${direction} ${msgId}`, event) || length;
  return {
    msgType,
    lane: `${direction} ${channelId}`,
    whole: !inTrain,
    payloadAt: 8 + headerBytes + 4,
  };
}

function tagOf(tags: readonly { key: string }[]): boolean {
  return tags.some((tag) => tag.key === "xcp.len" || tag.key === "xcp.abort");
}

// Remembers which messages were seen with MORE, because the last chunk of a train looks like a whole message.
const trains = {
  seen: new Set<string>(),
  has(name: string, event: { readonly flags: number }): boolean {
    if ((event.flags & Flag.MORE) !== 0) this.seen.add(name);
    return this.seen.has(name);
  },
};
