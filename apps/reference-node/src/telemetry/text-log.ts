const ownNames = new Set(["level", "ts", "node", "event"]);

/** Turns one JSON record into a line for people: time, level, event, then the fields. */
export function formatRecord(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const time = String(record["ts"]).slice(11, 23);
  const level = String(record["level"]).toUpperCase().padEnd(5);
  const fields = Object.entries(record)
    .filter(([name]) => !ownNames.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`);
  return `${[time, level, String(record["event"]), ...fields].join(" ")}\n`;
}

function shown(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}
