/** The counters that every driver has from its start, by their ids. spec/aeron.md §6 */
export const SystemCounter = {
  errors: 15,
  unblockedPublications: 19,
  unblockedCommands: 20,
  clientTimeouts: 24,
  softwareVersion: 34,
  controlProtocolVersion: 43,
} as const;

/** What control protocol a driver speaks: 1.0.0. */
export const CONTROL_PROTOCOL_VERSION = 65_536n;

/** The labels of the system counters 0 to 45, in our words where an IPC driver has nothing to count. */
export const SYSTEM_COUNTER_LABELS: readonly string[] = Array.from({ length: 46 }, (_, id) => {
  switch (id) {
    case SystemCounter.errors:
      return "Errors: refused commands";
    case SystemCounter.unblockedPublications:
      return "Unblocked publications";
    case SystemCounter.unblockedCommands:
      return "Unblocked commands";
    case SystemCounter.clientTimeouts:
      return "Client timeouts";
    case SystemCounter.softwareVersion:
      return "Software version: embedded IPC driver";
    case SystemCounter.controlProtocolVersion:
      return "Control protocol version";
    default:
      return `System counter ${id}, unused by an IPC driver`;
  }
});
