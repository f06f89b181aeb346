import { backend, type Rma } from "@proj/native-io";
import { asWireError } from "@proj/wire-types";
import { RmaCarrier } from "./rma-carrier.js";

/** Which memory access is asked for. */
export interface RmaOptions {
  /** A provider of libfabric, such as `verbs;ofi_rxm`, or the device behind one. */
  readonly device: string;
  /** The address of the interface that network providers use; theirs to choose when absent. */
  readonly source?: string;
  /** The port that peers reach it by, of providers between machines; theirs to choose when absent. */
  readonly port?: number;
  /** Who gives access; the backend of this process when absent. */
  readonly access?: Rma;
}

/** What came of asking: a carrier, or why there is none. spec/dwcp.md B14 */
export type CarrierProbe =
  | { readonly kind: "ready"; readonly carrier: RmaCarrier; readonly reason: string }
  | { readonly kind: "missing"; readonly reason: string };

/** What came of asking for memory access. */
export interface RmaReading {
  /** Whether there is any. */
  readonly kind: "ready" | "missing";
  /** What it runs on, or what is missing. */
  readonly reason: string;
  /** Encoded bytes that were lent to peers. */
  readonly lentBytes: number;
  /** Encoded bytes that were read from peers' memory. */
  readonly readBytes: number;
}

/** Opens memory access through `device`, or says why that cannot be. Nothing is left open then. */
export function openCarrier({
  device,
  source,
  port,
  access: rma = backend.rma,
}: RmaOptions): CarrierProbe {
  const provider = rma.providers().find(({ name, domain }) => name === device || domain === device);
  if (provider === undefined) return { kind: "missing", reason: lackOf(rma, device) };
  const { name } = provider;
  try {
    const isLocal = name === "shm" || name === "memory";
    const endpoint = rma.open({
      provider: name,
      ...(source === undefined || isLocal ? {} : { source }),
      ...(port === undefined || isLocal ? {} : { port }),
    });
    const carrier = RmaCarrier.on(endpoint);
    const where = port === undefined ? "" : isLocal ? ", which has no ports" : `, port ${port}`;
    return { kind: "ready", carrier, reason: `${name} on ${provider.domain}${where}` };
  } catch (thrown) {
    return { kind: "missing", reason: `${name}: ${asWireError(thrown).message}` };
  }
}

// The library's own words where it is missing, those about the hardware otherwise.
function lackOf(rma: Rma, device: string): string {
  const lacks = rma.capabilities().filter(({ available }) => !available);
  const library = lacks.find(({ name }) => name === "rma.libfabric");
  const named = lacks.find(({ name }) => name === `rma.${device}`);
  const verbs = lacks.find(({ name }) => name.startsWith("rma.verbs"));
  const why = (library ?? named ?? verbs)?.reason;
  return why === undefined ? `no device ${device}` : `no device ${device}: ${why}`;
}
