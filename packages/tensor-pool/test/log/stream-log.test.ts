import { expect, test } from "@jest/globals";
import {
  driver,
  logDriverEvent,
  logSupervisorEvent,
  Logger,
  LogLevel,
  type LogLine,
  StreamLog,
  Supervisor,
  wire,
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

test("§15: a supervisor tells who came, who went, and who found no room", () => {
  const { lines, logger: into } = logger(LogLevel.info);
  const supervisor = new Supervisor({ capacity: 1, staleNs: 10n });
  const hello = (consumerId: number) => ({
    streamId: 7,
    consumerId,
    supportsShm: wire.Bool.TRUE,
    supportsProgress: wire.Bool.FALSE,
    mode: wire.Mode.STREAM,
    maxRateHz: 0,
    expectedLayoutVersion: 1,
    progressIntervalUs: undefined,
    progressBytesDelta: undefined,
    progressMajorDeltaUnits: undefined,
    descriptorStreamId: 0,
    controlStreamId: 0,
    descriptorChannel: "",
    controlChannel: "",
  });
  for (const consumerId of [1, 1, 2]) {
    logSupervisorEvent(into, supervisor.hello(0n, hello(consumerId)));
  }
  for (const event of supervisor.tick(11n)) logSupervisorEvent(into, event);
  expect(lines.map(({ level, event, details }) => [level, event, details["consumerId"]])).toEqual([
    [LogLevel.info, "consumerCame", 1],
    [LogLevel.warn, "consumerDeclined", 2],
    [LogLevel.info, "consumerStale", 1],
  ]);
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
