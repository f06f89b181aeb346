import { DEFAULT_CHANNEL, DiscoveryStreamIds } from "../../stream-ids.js";
import { startDiscovery } from "../discovery-service.js";
import { findStreams } from "../find-streams.js";
import { readConfig } from "./config-commands.js";
import { ExitCode, type OptionSpec, type ToolCommand, type ToolContext } from "./tool-command.js";
import { AERON_OPTIONS, turnUntil, withClient } from "./tool-connection.js";

const QUERY: Readonly<Record<string, OptionSpec>> = {
  ...AERON_OPTIONS,
  "request-channel": { type: "string", short: "r", help: "where to ask" },
  "request-stream": { type: "string", short: "s", help: "the stream there (default 7000)" },
  "response-channel": { type: "string", short: "R", help: "where the answer comes" },
  "response-stream": { type: "string", short: "S", help: "the stream there (default 7004)" },
  client: { type: "string", short: "i", help: "the client id (default: random)" },
  timeout: { type: "string", help: "milliseconds to wait (default 1000)" },
};

/** What answers who looks for streams, and what looks for them. spec/tensor-pool.md §23 */
export const discoveryCommands: readonly ToolCommand[] = [
  {
    name: "discoveryd",
    summary: "Answer who looks for streams, until stopped",
    operands: "[config.toml]",
    options: { config: { type: "string", short: "c", help: "the configuration, in TOML" } },
    run: runDiscovery,
  },
  {
    name: "discovery-list",
    summary: "Print all streams that discovery knows",
    options: QUERY,
    run: query,
  },
  {
    name: "discovery-query",
    aliases: ["discover"],
    summary: "Print the streams that a filter lets through",
    options: {
      ...QUERY,
      stream: { type: "string", short: "t", help: "only this stream" },
      producer: { type: "string", help: "only of this producer" },
      name: { type: "string", help: "only of this name" },
      tag: { type: "string", multiple: true, help: "only with this tag; may repeat" },
    },
    run: query,
  },
];

async function runDiscovery(context: ToolContext): Promise<ExitCode> {
  const config = readConfig(context);
  const { discovery } = config;
  if (discovery === undefined) throw new Error("the configuration has no section [discovery]");
  const directory = config.driver.aeron_dir;
  const values = { ...context.values, text: () => (directory === "" ? undefined : directory) };
  return await withClient({ values }, async (client) => {
    const service = await startDiscovery({ client, config: discovery });
    context.print({ fields: { event: "ready" }, line: "ready" });
    await turnUntil(context, Number.POSITIVE_INFINITY, () => false);
    service.close();
    return ExitCode.ok;
  });
}

async function query(context: ToolContext): Promise<ExitCode> {
  const { values } = context;
  const streamId = values.text("stream");
  const producerId = values.text("producer");
  const dataSourceName = values.text("name");
  return await withClient(context, async (client) => {
    const found = await findStreams({
      client,
      requestChannel: values.text("request-channel") ?? DEFAULT_CHANNEL,
      requestStreamId: values.number("request-stream", DiscoveryStreamIds.request),
      responseChannel: values.text("response-channel") ?? DEFAULT_CHANNEL,
      responseStreamId: values.number("response-stream", DiscoveryStreamIds.response),
      timeoutMs: values.number("timeout", 1_000),
      ...(values.number("client", 0) === 0 ? {} : { clientId: values.number("client", 0) }),
      ...(streamId === undefined ? {} : { streamId: values.number("stream", 0) }),
      ...(producerId === undefined ? {} : { producerId: values.number("producer", 0) }),
      ...(dataSourceName === undefined ? {} : { dataSourceName }),
      tags: values.texts("tag"),
    });
    for (const stream of found) context.print({ fields: { ...stream } });
    return ExitCode.ok;
  });
}
