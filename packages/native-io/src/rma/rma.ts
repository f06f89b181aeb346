import type { Capability } from "../capability.js";
import type { RmaEndpoint } from "./rma-endpoint.js";

/** Memory of other processes, read and written without their programs taking part. spec/dcquic.md §16.3 */
export interface Rma {
  /** Reports whether libfabric is here, and which providers it lends or why not. */
  capabilities(): readonly Capability[];
  /** Lists the providers among {@link RMA_PROVIDERS} that can open an endpoint here, best first. */
  providers(): readonly RmaProvider[];
  /**
   * Opens an endpoint, for this thread alone.
   *
   * @throws {@link NativeIoError} `native_io.unsupported` where the provider is missing, `native_io.system`.
   * @throws RangeError for a number of transfers that cannot be.
   */
  open(options: RmaOptions): RmaEndpoint;
}

/** Providers in the order in which they are worth trying. spec/dcquic.md §16.3; `verbs`: spec/dwcp.md B14 */
export const RMA_PROVIDERS = [
  "efa",
  "verbs;ofi_rxm",
  "shm",
  "net",
  "tcp;ofi_rxm",
  "sockets",
] as const;

/** What a provider lends. */
export interface RmaProvider {
  /** Its name in libfabric. */
  readonly name: string;
  /** The device or interface behind it. */
  readonly domain: string;
  /** How a peer names a byte of a region: by its address in the owner's memory, or by its offset in the region. */
  readonly addressing: RmaAddressing;
  /** Whether the provider chooses the keys of regions; otherwise they are random. */
  readonly choosesKeys: boolean;
  /** Bytes that one transfer can move. */
  readonly maxTransferBytes: number;
}

/** How a peer names a byte of a region. */
export type RmaAddressing = "virtual" | "offset";

/** Which endpoint is opened. */
export interface RmaOptions {
  /** A name of {@link RmaProvider}. */
  readonly provider: string;
  /** The address of the interface to use, such as `127.0.0.1`; by default the provider's choice. `shm` has none. */
  readonly source?: string;
  /** The port there, 1 to 65535, of providers that have ports; by default the provider's choice. */
  readonly port?: number;
  /** Only this kind of addressing; by default whichever the provider prefers. */
  readonly addressing?: RmaAddressing;
  /** Transfers that may be under way at once, 1 to 65536; by default 256. */
  readonly maxTransfers?: number;
}
