import { ControlAdapter } from "../../control/control-adapter.js";
import type { ControlMessageName } from "../../control/control-messages.js";
import { decodeFrameDescriptor } from "../../messages/generated/wire.js";
import { DEFAULT_CHANNEL, StreamIds } from "../../stream-ids.js";
import { type MessagePoller, openPoller } from "../message-poller.js";
import { bridgeStatus } from "./bridge-status.js";
import { bytesOf, messagePrinter, PRINT_OPTIONS } from "./message-printer.js";
import { ExitCode, type OptionSpec, type ToolCommand, type ToolContext } from "./tool-command.js";
import { AERON_OPTIONS, END_OPTIONS, turnUntil, withClient } from "./tool-connection.js";

const CHANNEL: OptionSpec = { type: "string", short: "c", help: "the channel" };

interface Source {
  readonly label: string;
  readonly channel: string;
  readonly streamId: number;
  readonly names: readonly ControlMessageName[];
}

const CONTROL: readonly ControlMessageName[] = [
  "shmPoolAnnounce",
  "consumerHello",
  "consumerConfig",
  "controlResponse",
  "frameProgress",
  "shmAttachRequest",
  "shmAttachResponse",
  "shmDetachRequest",
  "shmDetachResponse",
  "shmLeaseKeepalive",
  "shmDriverShutdown",
  "shmLeaseRevoked",
];
const METADATA: readonly ControlMessageName[] = ["dataSourceAnnounce", "dataSourceMeta"];
const QOS: readonly ControlMessageName[] = ["qosConsumer", "qosProducer"];

/** What prints the messages of streams as they come. spec/tensor-pool.md §23 */
export const listenCommands: readonly ToolCommand[] = [
  {
    name: "control-listen",
    summary: "Print control, metadata and QoS messages",
    options: {
      ...AERON_OPTIONS,
      channel: CHANNEL,
      "control-stream": { type: "string", short: "C", help: "the control stream (default 1000)" },
      "meta-channel": { type: "string", short: "m", help: "the metadata channel" },
      "meta-stream": { type: "string", short: "M", help: "the metadata stream (default 1300)" },
      "qos-channel": { type: "string", short: "q", help: "the QoS channel" },
      "qos-stream": { type: "string", short: "Q", help: "the QoS stream (default 1200)" },
      ...PRINT_OPTIONS,
      ...END_OPTIONS,
    },
    run(context) {
      const { values } = context;
      const channel = values.text("channel") ?? DEFAULT_CHANNEL;
      return listen(context, [
        source("control", channel, values.number("control-stream", StreamIds.control), CONTROL),
        source(
          "metadata",
          values.text("meta-channel") ?? channel,
          values.number("meta-stream", StreamIds.metadata),
          METADATA,
        ),
        source(
          "qos",
          values.text("qos-channel") ?? channel,
          values.number("qos-stream", StreamIds.qos),
          QOS,
        ),
      ]);
    },
  },
  single("announce-listen", "Print announces of regions", StreamIds.announce, ["shmPoolAnnounce"]),
  single("metadata-listen", "Print what streams say of themselves", StreamIds.metadata, METADATA),
  single("qos-listen", "Print how consumers and producers fare", StreamIds.qos, QOS),
  {
    ...single(
      "metadata-dump",
      "Print what streams say, for two seconds",
      StreamIds.metadata,
      METADATA,
    ),
    run: (context) => listen(context, [fromOptions(context, StreamIds.metadata, METADATA)], 2_000),
  },
  {
    name: "descriptor-listen",
    summary: "Print the descriptors of frames",
    options: {
      ...AERON_OPTIONS,
      channel: CHANNEL,
      ...streamOption(StreamIds.descriptor),
      ...PRINT_OPTIONS,
      ...END_OPTIONS,
    },
    run: (context) =>
      listenRaw(context, StreamIds.descriptor, (bytes) => {
        const fields = decodeFrameDescriptor(bytes);
        return { message: "frameDescriptor", ...fields };
      }),
  },
  {
    name: "bridge-status",
    summary: "Count the chunks and frames that pass a bridge's payload stream",
    options: { ...AERON_OPTIONS, channel: CHANNEL, ...streamOption(3_000), ...END_OPTIONS },
    run: bridgeStatus,
  },
];

function single(
  name: string,
  summary: string,
  streamId: number,
  names: readonly ControlMessageName[],
): ToolCommand {
  return {
    name,
    summary,
    options: {
      ...AERON_OPTIONS,
      channel: CHANNEL,
      ...streamOption(streamId),
      ...PRINT_OPTIONS,
      ...END_OPTIONS,
    },
    run: (context) => listen(context, [fromOptions(context, streamId, names)]),
  };
}

function streamOption(streamId: number): Readonly<Record<string, OptionSpec>> {
  return { stream: { type: "string", short: "s", help: `the stream (default ${streamId})` } };
}

function source(
  label: string,
  channel: string,
  streamId: number,
  names: readonly ControlMessageName[],
): Source {
  return { label, channel, streamId, names };
}

function fromOptions(
  { values }: ToolContext,
  streamId: number,
  names: readonly ControlMessageName[],
): Source {
  const channel = values.text("channel") ?? DEFAULT_CHANNEL;
  return source("message", channel, values.number("stream", streamId), names);
}

async function listen(
  context: ToolContext,
  sources: readonly Source[],
  durationMs = Number.POSITIVE_INFINITY,
): Promise<ExitCode> {
  const out = messagePrinter(context);
  return await withClient(context, async (client) => {
    const pollers: MessagePoller[] = [];
    for (const { label, channel, streamId, names } of sources) {
      const handlers = Object.fromEntries(
        names.map((message) => [
          message,
          (fields: object) => {
            out.print({ message, ...fields });
          },
        ]),
      );
      const adapter = new ControlAdapter({
        handlers,
        onFault: ({ outcome }) => {
          context.note(`${label}: a message is ${outcome}`);
        },
      });
      pollers.push(
        await openPoller(client, channel, streamId, (view, offset, length) => {
          out.raw(label, view, offset, length);
          adapter.receive(view, offset, length);
        }),
      );
    }
    await poll(context, pollers, out, durationMs);
    return ExitCode.ok;
  });
}

async function listenRaw(
  context: ToolContext,
  streamId: number,
  decode: (bytes: Uint8Array) => Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const out = messagePrinter(context);
  const { values } = context;
  const channel = values.text("channel") ?? DEFAULT_CHANNEL;
  return await withClient(context, async (client) => {
    const handler = (view: DataView, offset: number, length: number): void => {
      out.raw("message", view, offset, length);
      try {
        out.print(decode(bytesOf(view, offset, length)));
      } catch (error) {
        context.note(`a message cannot be read: ${String(error)}`);
      }
    };
    const poller = await openPoller(client, channel, values.number("stream", streamId), handler);
    await poll(context, [poller], out, Number.POSITIVE_INFINITY);
    return ExitCode.ok;
  });
}

async function poll(
  context: ToolContext,
  pollers: readonly MessagePoller[],
  out: { readonly printed: () => number },
  durationMs: number,
): Promise<void> {
  const { values } = context;
  const most = values.number("count", Number.MAX_SAFE_INTEGER);
  const forMs = values.text("for") === undefined ? durationMs : values.number("for", 0);
  await turnUntil(context, forMs, () => {
    for (const poller of pollers) poller.poll();
    return out.printed() >= most;
  });
  for (const poller of pollers) poller.close();
}
