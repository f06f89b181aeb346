import { available, type Capability, missing } from "../capability.js";
import { errnoName } from "../errors.js";
import { reportBuffer, UDP_COSTS, type UdpCapabilityName } from "./capabilities.js";
import type { UdpSettings } from "./udp-settings.js";

/** The places of native/udp_group.h's report on a port: what was read back, or a negative errno. */
export const UdpOption = {
  gro: 0,
  gso: 1,
  ecnRead: 2,
  ecnWrite: 3,
  errors: 4,
  pathMtu: 5,
  drops: 6,
  receiveBuffer: 7,
  sendBuffer: 8,
  busyPoll: 9,
  preferBusyPoll: 10,
  portNumber: 11,
} as const;

/** How many places there are. */
export const UDP_OPTIONS = 12;

interface Row {
  readonly name: UdpCapabilityName;
  readonly option: number;
  readonly wanted: boolean;
}

/** Turns the reports of all ports into capabilities: one is there where every port has it. */
export function reportPorts(
  reports: readonly Int32Array[],
  settings: UdpSettings,
): readonly Capability[] {
  const { segmentation, ecn, probePathMtu, receiveBufferBytes, sendBufferBytes } = settings;
  const polls = settings.busyPollUs > 0;
  const rows: readonly Row[] = [
    { name: "udp.gso", option: UdpOption.gso, wanted: segmentation },
    { name: "udp.gro", option: UdpOption.gro, wanted: segmentation },
    { name: "udp.ecn_read", option: UdpOption.ecnRead, wanted: ecn },
    { name: "udp.ecn_write", option: UdpOption.ecnWrite, wanted: ecn },
    { name: "udp.errors", option: UdpOption.errors, wanted: true },
    { name: "udp.path_mtu_probe", option: UdpOption.pathMtu, wanted: probePathMtu },
    { name: "udp.drops", option: UdpOption.drops, wanted: true },
    { name: "udp.busy_poll", option: UdpOption.busyPoll, wanted: polls },
    { name: "udp.prefer_busy_poll", option: UdpOption.preferBusyPoll, wanted: polls },
  ];
  const least = (option: number) => Math.min(...reports.map((report) => report[option] ?? 0));
  return [
    ...rows.map((row) => reportRow(row, least(row.option))),
    reportBuffer("udp.receive_buffer", least(UdpOption.receiveBuffer), receiveBufferBytes),
    reportBuffer("udp.send_buffer", least(UdpOption.sendBuffer), sendBufferBytes),
    available("udp.wait", "poll"),
  ];
}

function reportRow({ name, wanted }: Row, outcome: number): Capability {
  if (outcome < 0) return missing(name, `refused: ${errnoName(outcome)}`, UDP_COSTS[name]);
  return wanted ? available(name, "on") : missing(name, "not asked for", UDP_COSTS[name]);
}
