import { expect, test } from "@jest/globals";
import {
  driver,
  logDriverEvent,
  Logger,
  LogLevel,
  type LogLine,
  StreamLog,
} from "@proj/tensor-pool";

function logger(level: LogLevel): { lines: LogLine[]; logger: Logger } {
  const lines: LogLine[] = [];
  return {
    lines,
    logger: new Logger({ level, nowMs: () => 0, write: (line) => lines.push(line) }),
  };
}

test("§24: what becomes of a stream is told with its number and its reason", () => {
  const { lines, logger: into } = logger(LogLevel.trace);
  const log = new StreamLog(into, 7);
  log.lease({ kind: "refused", code: 3, message: "no such stream" });
  log.lease({ kind: "timedOut" });
  log.lease({ kind: "protocolError", message: "no pools" });
  log.mapped(5n);
  log.dropped("late");
  log.dropped("late");
  log.unmapped("newEpoch");
  log.unusable("a superblock of another epoch");
  log.lease({ kind: "producerGone" });
  log.lease({ kind: "lost", loss: { kind: "noNewEpoch" } });
  log.lease({ kind: "detached" });
  expect(lines.map(({ level, event, details }) => [level, event, details])).toEqual([
    [LogLevel.warn, "refused", { streamId: 7, message: "no such stream" }],
    [LogLevel.warn, "timedOut", { streamId: 7 }],
    [LogLevel.warn, "protocolError", { streamId: 7, message: "no pools" }],
    [LogLevel.info, "mapped", { streamId: 7, epoch: 5n }],
    [LogLevel.debug, "dropped", { streamId: 7, reason: "late" }],
    [LogLevel.info, "unmapped", { streamId: 7, reason: "newEpoch" }],
    [LogLevel.warn, "unusable", { streamId: 7, message: "a superblock of another epoch" }],
    [LogLevel.info, "producerGone", { streamId: 7 }],
    [LogLevel.warn, "leaseLost", { streamId: 7, reason: "noNewEpoch" }],
    [LogLevel.info, "detached", { streamId: 7 }],
  ]);
});

test("§24: drops are nothing to tell below debug, and without a logger nothing is said", () => {
  const { lines, logger: into } = logger(LogLevel.info);
  new StreamLog(into, 7).dropped("late");
  new StreamLog(undefined, 7).lease({ kind: "timedOut" });
  expect(lines).toEqual([]);
});

test("§24: a driver tells what happens, and refusals once in a while", () => {
  const { lines, logger: into } = logger(LogLevel.info);
  logDriverEvent(into, { kind: "epochBegan", streamId: 7, epoch: 5n });
  logDriverEvent(into, { kind: "refused", clientId: 1, message: "client_id already attached" });
  logDriverEvent(into, { kind: "refused", clientId: 1, message: "client_id already attached" });
  logDriverEvent(into, { kind: "stopped", reason: driver.ShutdownReason.NORMAL });
  expect(lines.map(({ level, event }) => [level, event])).toEqual([
    [LogLevel.info, "epochBegan"],
    [LogLevel.warn, "refused"],
    [LogLevel.info, "stopped"],
  ]);
});
