import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { SessionEvent } from "#src/session-events.js";
import { Session } from "#src/session.js";
import { resolveSessionConfig } from "#src/session-config.js";
import { MsgType } from "#src/wire/constants.js";
import { encodeFrame } from "#src/wire/frame.js";
import { encodeHello } from "#src/wire/hello.js";
import { concatBytes, SeededRandom } from "@proj/wire-types";
import { type ConnectionOptions, XcpServer } from "@proj/xcp-framing";
import { nodePlatform } from "@proj/xcp-framing/node";
import { memoryStreamPair } from "@proj/wire-types";
import { connectionPair, turn } from "../support/connections.js";
import { header } from "../support/raw-peer.js";
import { SESSION_TEST_MS, sessionRuns } from "../support/session-runs.js";
import { simPlatform } from "../support/sim-platform.js";

const numRuns = sessionRuns(150, 100);

const info = { transport: "sim", peer: undefined, secure: true, local: true };

/** Valid traffic of an initiator, to be damaged: every kind of control frame, messages, chunks. */
function traffic(seed: number): Uint8Array[] {
  const random = new SeededRandom(seed);
  const frame = (
    fields: Parameters<typeof header>[0],
    payload: Uint8Array = new Uint8Array(0),
    flags = 0,
  ): Uint8Array =>
    concatBytes(
      encodeFrame("v0.2", { flags, header: header(fields), payload }, nodePlatform.crc32c),
    );
  const hello = encodeHello(
    { codecs: [8, 1], accepts: [], emits: [], sharedMem: false, features: 97 },
    8,
  );
  const frames = [frame({ msgType: MsgType.HELLO, msgId: 1 }, hello)];
  for (let i = 0; i < 30; i++) {
    const [kind = 0, size = 0, flags = 0, channelId = 0] = random.fill(new Uint8Array(4));
    const msgType = kind % 3 === 0 ? kind % 16 : kind % 3 === 1 ? MsgType.DATA : 0x0200;
    const payload = random.fill(new Uint8Array(size));
    const tags = kind % 7 === 0 ? [{ key: "xcp.ack", val: "1" }] : [];
    frames.push(
      frame(
        { msgType, msgId: i + 2, channelId: channelId % 5, inReplyTo: kind % 5, tags },
        payload,
        flags & (flags % 2 === 0 ? 0x28 : 0x80),
      ),
    );
  }
  return frames;
}

interface Damage {
  readonly at: number;
  readonly value: number;
  readonly how: "flip" | "insert" | "remove" | "repeat";
}

function damage(bytes: Uint8Array, wounds: readonly Damage[]): Uint8Array {
  let out = bytes;
  for (const { at, value, how } of wounds) {
    const place = at % (out.length + 1);
    const parts =
      how === "flip"
        ? [
            out.subarray(0, place),
            Uint8Array.of((out[place] ?? 0) ^ value),
            out.subarray(place + 1),
          ]
        : how === "insert"
          ? [out.subarray(0, place), Uint8Array.of(value), out.subarray(place)]
          : how === "remove"
            ? [out.subarray(0, place), out.subarray(place + value)]
            : [out.subarray(0, place), out.subarray(Math.max(0, place - value))];
    out = concatBytes(parts);
  }
  return out;
}

const wounds = fc.array(
  fc.record({
    at: fc.nat(20_000),
    value: fc.integer({ min: 1, max: 255 }),
    how: fc.constantFrom("flip", "insert", "remove", "repeat"),
  }),
  { maxLength: 6 },
);

test(
  "nothing that comes from a peer throws, and what is held stays bounded",
  () => {
    fc.assert(
      fc.property(fc.nat(), wounds, fc.integer({ min: 1, max: 4000 }), (seed, hurt, cut) => {
        const platform = simPlatform(seed);
        const options: ConnectionOptions = {
          platform,
          limits: { maxQueuedBytes: 65_536, maxInflight: 8 },
        };
        const config = resolveSessionConfig(options, "responder", { info, framing: "bytes" });
        const session = new Session(config, 0);
        session.start(0);
        const bytes = damage(concatBytes(traffic(seed)), hurt);
        const answer = (event: SessionEvent): void => {
          if (event.kind === "messageReceived" && event.message.body.length % 2 === 0) {
            session.replies.reply(platform.time.nowUs(), event, {
              bodyCodec: 8,
              body: event.message.body,
            });
          }
        };
        for (let at = 0; at < bytes.length; at += cut) {
          platform.time.advance(1000);
          session.receive(platform.time.nowUs(), bytes.subarray(at, at + cut));
          for (let event = session.nextEvent(); event !== undefined; event = session.nextEvent()) {
            answer(event);
          }
          while (session.transmit(platform.time.nowUs()) !== undefined);
        }
        for (let i = 0; i < 100; i++) {
          platform.time.advance(1_000_000);
          session.tick(platform.time.nowUs());
          while (session.transmit(platform.time.nowUs()) !== undefined);
        }
        expect(session.stats(platform.time.nowUs()).partialBytes).toBe(0);
        expect(session.queuedBytes).toBe(0);
        session.dispose(platform.time.nowUs());
      }),
      { numRuns },
    );
  },
  SESSION_TEST_MS,
);

test(
  "random bytes to either role end the session or wait for more, without a throw",
  () => {
    fc.assert(
      fc.property(
        fc.constantFrom("initiator", "responder"),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        (role, chunks) => {
          const platform = simPlatform(1);
          const config = resolveSessionConfig({ platform, acceptV01: true }, role, {
            info,
            framing: "bytes",
          });
          const session = new Session(config, 0);
          session.start(0);
          for (const chunk of chunks) session.receive(0, chunk);
          session.receiveEnd(0);
          expect(session.phase).toBe("closed");
        },
      ),
      { numRuns },
    );
  },
  SESSION_TEST_MS,
);

test(
  "a live server survives damaged traffic, and serves its other connections meanwhile",
  async () => {
    const server = new XcpServer({
      platform: nodePlatform,
      handler: ({ bodyCodec, body }) => ({ bodyCodec, body }),
      limits: { helloTimeoutMs: 50 },
    });
    const [near, far] = memoryStreamPair();
    server.serve(far);
    const [good] = await connectionPair({}, { handler: ({ body }) => ({ bodyCodec: 8, body }) });
    const { openConnection } = await import("@proj/xcp-framing");
    const neighbour = await openConnection(near, "initiator", { platform: nodePlatform });
    await fc.assert(
      fc.asyncProperty(fc.nat(), wounds, async (seed, hurt) => {
        const [attacker, victim] = memoryStreamPair();
        server.serve(victim);
        attacker.open({
          data: () => undefined,
          drain: () => undefined,
          end: () => undefined,
          close: () => undefined,
        });
        attacker.write([damage(concatBytes(traffic(seed)), hurt)]);
        const body = new SeededRandom(seed).fill(new Uint8Array(100));
        const reply = await neighbour.request({ bodyCodec: 8, body });
        expect(Buffer.compare(reply.body, body)).toBe(0);
        attacker.destroy();
      }),
      { numRuns },
    );
    await turn();
    expect(server.connections.size).toBe(1);
    await good.close();
    await neighbour.close();
  },
  SESSION_TEST_MS,
);
