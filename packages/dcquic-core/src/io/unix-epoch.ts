import { systemTime } from "@proj/wire-types/system";

/** What to add to the time of an event for µs since 1970, as the system's clock says now. Ask again where that clock is set. */
export function unixEpochUs(): number {
  return systemTime.wallMs() * 1000 - systemTime.nowUs();
}
