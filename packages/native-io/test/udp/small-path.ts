import { backend, type UdpOptions, UdpErrorRow } from "@proj/native-io";
import { pattern, sendAll, collect } from "./exchange.js";

// Run in a network of its own, whose loopback interface takes packets of 1400 bytes: prints what happens to larger ones.
const loopback = { host: "127.0.0.1", port: 0 };

const report = {
  probing: await carry({ pathMtu: "probe" }),
  fragmenting: await carry({ pathMtu: "fragment" }),
};
console.log(JSON.stringify(report));

/** What {@link carry} found. */
export interface SmallPathReport {
  readonly results: readonly number[];
  readonly arrived: readonly number[];
  readonly segmentationDisabled: number;
  readonly pathMtu: number | undefined;
  readonly errors: readonly (readonly [errno: number, origin: number, info: number])[];
}

async function carry(options: Partial<UdpOptions>): Promise<SmallPathReport> {
  const from = await backend.udp.open({ ports: [loopback], ...options });
  const to = await backend.udp.open({ ports: [loopback] });
  const [address = loopback] = to.ports;
  const index = from.pin(address);
  const results = [
    ...(await sendAll(from, [{ bytes: pattern(1300, 1), to: index }])),
    ...(await sendAll(from, [{ bytes: pattern(6000, 2), to: index, segment: 2000 }])),
    ...(await sendAll(from, [{ bytes: pattern(2600, 3), to: index, segment: 1300 }])),
  ];
  const arrived = (await collect(to, 9)).map(({ bytes }) => bytes.length);
  const { segmentationDisabled } = from.counters();
  const errors = Array.from({ length: from.readErrors() }, (_, i) => {
    const row = from.errors.meta.subarray(8 * i, 8 * i + 8);
    const { errno, origin, info } = UdpErrorRow;
    return [row[errno] ?? 0, row[origin] ?? 0, row[info] ?? 0] as const;
  });
  const pathMtu = from.pathMtu(index, 0);
  from.close();
  to.close();
  return { results, arrived, segmentationDisabled, pathMtu, errors };
}
