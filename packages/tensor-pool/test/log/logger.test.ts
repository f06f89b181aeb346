import { expect, test } from "@jest/globals";
import { Logger, LogLevel, type LogLine, parseLogLevel } from "@proj/tensor-pool";

test("§24: levels decide what is said, and what repeats is said once in a while", () => {
  const lines: LogLine[] = [];
  let now = 0;
  const logger = new Logger({
    level: LogLevel.info,
    write: (line) => lines.push(line),
    nowMs: () => now,
  });
  logger.say(LogLevel.debug, "dropped", { seq: 1 });
  logger.say(LogLevel.info, "mapped", { epoch: 2n });
  for (let count = 0; count < 5; count++) logger.sayLimited(LogLevel.warn, "refused", { count });
  now = 1_000;
  logger.sayLimited(LogLevel.warn, "refused", { count: 9 });
  logger.sayLimited(LogLevel.trace, "polled");
  expect(lines).toEqual([
    { level: 2, event: "mapped", details: { epoch: 2n }, leftOut: 0 },
    { level: 1, event: "refused", details: { count: 0 }, leftOut: 0 },
    { level: 1, event: "refused", details: { count: 9 }, leftOut: 4 },
  ]);
});

test.each([
  ["0", 0],
  [" 4 ", 4],
  ["5", undefined],
  ["warn", undefined],
])("TP_LOG_LEVEL=%s", (text, level) => {
  expect(parseLogLevel(text)).toBe(level);
});
