import { ControlAdapter } from "../../control/control-adapter.js";
import type { ControlHandlers } from "../../control/control-messages.js";
import { DEFAULT_CHANNEL, StreamIds } from "../../stream-ids.js";
import { offerMessage, openPoller } from "../message-poller.js";
import type { ExitCode, OptionSpec, ToolContext } from "./tool-command.js";
import { AERON_OPTIONS, turnUntil, withClient } from "./tool-connection.js";

const ANSWER_MS = 2_000;

/** The options by which a tool finds a driver's control stream. */
export const CONTROL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...AERON_OPTIONS,
  channel: { type: "string", short: "c", help: "the control channel" },
  control: { type: "string", short: "C", help: "the control stream (default 1000)" },
  timeout: { type: "string", help: "await an answer for so many milliseconds (default 2000)" },
};

/** Takes in what the control stream brings until `done`, or until `durationMs`, by default the time for an answer, is over. */
export type Wait = (done: () => boolean, durationMs?: number) => Promise<void>;

/** Talks on a driver's control stream: `handlers` take what comes, `use` sends and waits. @throws AeronError */
export async function withControl(
  context: ToolContext,
  handlers: ControlHandlers,
  use: (send: (bytes: Uint8Array) => void, wait: Wait) => Promise<ExitCode>,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    const { values } = context;
    const channel = values.text("channel") ?? DEFAULT_CHANNEL;
    const streamId = values.number("control", StreamIds.control);
    const adapter = new ControlAdapter({ handlers });
    const poller = await openPoller(client, channel, streamId, (view, offset, length) => {
      adapter.receive(view, offset, length);
    });
    const publication = await client.addPublication(channel, streamId);
    const send = (bytes: Uint8Array): void => {
      if (offerMessage(publication, bytes) !== "sent") throw new Error("nobody takes the message");
    };
    const wait: Wait = (done, durationMs = values.number("timeout", ANSWER_MS)) =>
      turnUntil(context, durationMs, () => {
        poller.poll();
        return done();
      });
    try {
      return await use(send, wait);
    } finally {
      publication.close();
      poller.close();
    }
  });
}
