import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@proj/aeron";
import type { ConsumerCounters } from "../../consumer/drop-reason.js";
import type { Frame } from "../../consumer/frame.js";
import { Bool, encodeConsumerConfig, Mode } from "../../messages/generated/wire.js";
import { FrameTemplate } from "../../producer/frame-template.js";
import { DEFAULT_CHANNEL, StreamIds } from "../../stream-ids.js";
import { attachConsumer } from "../attached-consumer.js";
import { attachProducer } from "../attached-producer.js";
import { openDirectConsumer } from "../direct-consumer.js";
import { startDirectProducer } from "../direct-producer.js";
import { offerMessage } from "../message-poller.js";
import {
  ExitCode,
  type OptionSpec,
  type ToolCommand,
  type ToolContext,
  UsageError,
} from "./tool-command.js";
import { AERON_OPTIONS, END_OPTIONS, turnUntil, withClient } from "./tool-connection.js";
import { toolLogger } from "./tool-logger.js";

const STREAM: Readonly<Record<string, OptionSpec>> = {
  ...AERON_OPTIONS,
  channel: { type: "string", short: "c", help: "the channel" },
  stream: { type: "string", short: "s", help: "the tensor stream (default 10000)" },
  client: { type: "string", short: "i", help: "the client id (default: random)" },
  direct: { type: "boolean", help: "without a driver" },
  base: { type: "string", short: "b", help: "the base folder of regions (default /dev/shm)" },
};

/** What writes frames, reads them and tells how fast they come. spec/tensor-pool.md §23 */
export const streamCommands: readonly ToolCommand[] = [
  {
    name: "produce",
    summary: "Write frames of a counter, with a driver's lease or without",
    options: {
      ...STREAM,
      ...END_OPTIONS,
      stride: {
        type: "string",
        short: "t",
        help: "bytes of a pool's slot, --direct (default 4096)",
      },
      nslots: { type: "string", short: "N", help: "slots, --direct (default 64)" },
      pool: { type: "string", short: "p", help: "the pool id, --direct (default 1)" },
      bytes: { type: "string", help: "bytes of a frame (default 1024)" },
      rate: { type: "string", help: "frames a second (default 100)" },
    },
    run: produce,
  },
  {
    name: "consume",
    summary: "Print a line for each frame",
    options: { ...STREAM, ...END_OPTIONS },
    run: consume,
  },
  {
    name: "stats",
    summary: "Print once a second how frames come and what is lost",
    options: { ...STREAM, ...END_OPTIONS },
    run: stats,
  },
  {
    name: "send-consumer-config",
    summary: "Tell a consumer what it gets, in the supervisor's place",
    options: {
      ...STREAM,
      control: { type: "string", short: "C", help: "the control stream (default 1000)" },
      "no-shm": { type: "boolean", help: "it may not use shared memory" },
      fallback: { type: "string", help: "where it finds payloads then" },
      limited: { type: "boolean", help: "frames at its rate only" },
      "descriptor-channel": { type: "string", help: "the channel of its own descriptors" },
      "descriptor-stream": { type: "string", help: "their stream" },
      "control-channel": { type: "string", help: "the channel of its own progress" },
      "own-control-stream": { type: "string", help: "its stream" },
    },
    run: sendConfig,
  },
];

interface Source {
  readonly counters: ConsumerCounters;
  poll(handler: (frame: Frame) => void): number;
  close(): void;
}

async function openSource(client: Client, context: ToolContext): Promise<Source> {
  const { values } = context;
  const channel = values.text("channel") ?? DEFAULT_CHANNEL;
  const streamId = values.number("stream", 10_000);
  const allowedDirs = [values.text("base") ?? "/dev/shm"];
  if (values.flag("direct")) {
    const logger = toolLogger(context);
    const direct = await openDirectConsumer({ client, channel, streamId, allowedDirs, logger });
    return {
      counters: direct.consumer.counters,
      poll: (handler) => direct.poll(handler),
      close: () => {
        direct.close();
      },
    };
  }
  return await attachConsumer({
    client,
    streamId,
    controlChannel: channel,
    allowedDirs,
    ...clientId(context),
    logger: toolLogger(context),
  });
}

function clientId({ values }: ToolContext): { clientId?: number } {
  const id = values.number("client", 0);
  return id === 0 ? {} : { clientId: id };
}

async function produce(context: ToolContext): Promise<ExitCode> {
  const { values } = context;
  const bytes = values.number("bytes", 1_024);
  const rateHz = values.number("rate", 100);
  const most = values.number("count", Number.MAX_SAFE_INTEGER);
  if (rateHz === 0) throw new UsageError("--rate is 0");
  const template = new FrameTemplate({ dtype: "uint8", shape: [bytes] });
  const payload = new Uint8Array(bytes);
  return await withClient(context, async (client) => {
    const target = await openTarget(client, context);
    const start = performance.now();
    let sent = 0;
    await turnUntil(context, values.number("for", Number.MAX_SAFE_INTEGER), () => {
      const due = Math.min(most, ((performance.now() - start) * rateHz) / 1_000);
      while (sent < due) {
        payload.fill(sent);
        // Without a lease nothing is written; it may come.
        if (target.publish(template, payload) < 0) break;
        sent++;
      }
      return sent >= most;
    });
    target.close();
    context.print({ fields: { published: sent }, line: `published ${sent} frames` });
    return sent > 0 ? ExitCode.ok : ExitCode.failure;
  });
}

interface Target {
  publish(template: FrameTemplate, payload: Uint8Array): number;
  close(): void;
}

async function openTarget(client: Client, context: ToolContext): Promise<Target> {
  const { values } = context;
  const channel = values.text("channel") ?? DEFAULT_CHANNEL;
  const streamId = values.number("stream", 10_000);
  const baseDir = values.text("base") ?? "/dev/shm";
  if (!values.flag("direct")) {
    const attached = await attachProducer({
      client,
      streamId,
      controlChannel: channel,
      allowedDirs: [baseDir],
      ...clientId(context),
      logger: toolLogger(context),
    });
    return {
      publish: (template, payload) => attached.publishBytes(template, payload),
      close: () => {
        attached.close();
      },
    };
  }
  const poolId = values.number("pool", 1);
  const direct = await startDirectProducer({
    client,
    channel,
    streamId,
    baseDir,
    nslots: values.number("nslots", 64),
    pools: [{ poolId, strideBytes: values.number("stride", 4_096) }],
  });
  return {
    publish: (template, payload) => direct.producer.publish(template, payload),
    close: () => {
      direct.close();
    },
  };
}

async function consume(context: ToolContext): Promise<ExitCode> {
  const { values, print } = context;
  const most = values.number("count", Number.MAX_SAFE_INTEGER);
  return await withClient(context, async (client) => {
    const source = await openSource(client, context);
    let frames = 0;
    await turnUntil(context, values.number("for", Number.MAX_SAFE_INTEGER), () => {
      source.poll((frame) => {
        if (frames >= most) return;
        const { seq, metaVersion, traceId, timestampNs } = frame;
        const { dtype, dims } = frame.shape;
        const bytes = frame.payload.length;
        frames++;
        print({
          fields: { seq, dtype, dims, bytes, metaVersion, traceId, timestampNs },
          line: `${seq}: ${dtype} [${dims.join(", ")}], ${bytes} bytes`,
        });
      });
      return frames >= most;
    });
    source.close();
    return frames > 0 ? ExitCode.ok : ExitCode.failure;
  });
}

async function stats(context: ToolContext): Promise<ExitCode> {
  const { values, print, signal } = context;
  const lines = values.number("count", Number.MAX_SAFE_INTEGER);
  const endMs = performance.now() + values.number("for", Number.MAX_SAFE_INTEGER);
  return await withClient(context, async (client) => {
    const source = await openSource(client, context);
    let bytes = 0;
    let before = { ...source.counters };
    for (let line = 0; line < lines && !signal.aborted && performance.now() < endMs; line++) {
      const start = performance.now();
      while (performance.now() - start < 1_000 && !signal.aborted) {
        source.poll((frame) => {
          bytes += frame.payload.length;
        });
        await sleep(1);
      }
      const seconds = (performance.now() - start) / 1_000;
      const now = { ...source.counters };
      const fields = {
        framesPerSecond: Math.round((now.accepted - before.accepted) / seconds),
        bytesPerSecond: Math.round(bytes / seconds),
        dropsGap: now.dropsGap - before.dropsGap,
        dropsLate: now.dropsLate - before.dropsLate,
      };
      print({
        fields,
        line: `${fields.framesPerSecond} frames/s, ${(fields.bytesPerSecond / 1e6).toFixed(1)} MB/s, lost ${fields.dropsGap} by gaps and ${fields.dropsLate} late`,
      });
      before = now;
      bytes = 0;
    }
    source.close();
    return ExitCode.ok;
  });
}

async function sendConfig(context: ToolContext): Promise<ExitCode> {
  const { values } = context;
  const consumerId = values.number("client", 0);
  if (consumerId === 0) throw new UsageError("--client is missing: the consumer's id");
  return await withClient(context, async (client) => {
    const channel = values.text("channel") ?? DEFAULT_CHANNEL;
    const publication = await client.addPublication(
      channel,
      values.number("control", StreamIds.control),
    );
    const sent = offerMessage(
      publication,
      encodeConsumerConfig({
        streamId: values.number("stream", 10_000),
        consumerId,
        useShm: values.flag("no-shm") ? Bool.FALSE : Bool.TRUE,
        mode: values.flag("limited") ? Mode.RATE_LIMITED : Mode.STREAM,
        descriptorStreamId: values.number("descriptor-stream", 0),
        controlStreamId: values.number("own-control-stream", 0),
        payloadFallbackUri: values.text("fallback") ?? "",
        descriptorChannel: values.text("descriptor-channel") ?? "",
        controlChannel: values.text("control-channel") ?? "",
      }),
    );
    publication.close();
    context.print({ fields: { sent: sent === "sent" } });
    return sent === "sent" ? ExitCode.ok : ExitCode.failure;
  });
}
