import type { RmaProvider } from "./rma.js";

/** An endpoint that native/rma.cc holds. */
export interface RmaEndpointHandle {
  readonly rmaEndpointHandle: unique symbol;
}

/** A registration that native/rma.cc holds. */
export interface RmaRegionHandle {
  readonly rmaRegionHandle: unique symbol;
}

/** What native/rma.cc says of a provider or endpoint. */
export interface RmaDescription {
  readonly provider: string;
  readonly domain: string;
  readonly virtualAddresses: boolean;
  readonly providerKeys: boolean;
  readonly keyBytes: number;
  readonly maxTransferBytes: number;
}

/** What native/rma.cc exports. Numbers below zero are negative errnos, of the system or of libfabric. */
export interface RmaAddon {
  load(paths: readonly string[]): { readonly path: string; readonly version: string } | string;
  find(
    provider: string,
    source: string,
    port: string,
    virtualAddresses: boolean,
    offsets: boolean,
  ): RmaDescription | number;
  open(
    provider: string,
    source: string,
    port: string,
    virtualAddresses: boolean,
    offsets: boolean,
    operations: number,
  ): RmaEndpointHandle | number;
  describe(endpoint: RmaEndpointHandle): RmaDescription & { readonly address: Uint8Array };
  close(endpoint: RmaEndpointHandle): void;
  register(
    endpoint: RmaEndpointHandle,
    bytes: Uint8Array,
    remoteRead: boolean,
    remoteWrite: boolean,
    key: bigint,
  ): { readonly handle: RmaRegionHandle; readonly key: bigint; readonly base: bigint } | number;
  deregister(endpoint: RmaEndpointHandle, region: RmaRegionHandle): number;
  connect(endpoint: RmaEndpointHandle, address: Uint8Array): number;
  disconnect(endpoint: RmaEndpointHandle, peer: number): number;
  reconnect(endpoint: RmaEndpointHandle, peer: number): number;
  transfer(
    endpoint: RmaEndpointHandle,
    write: boolean,
    peer: number,
    region: RmaRegionHandle,
    offset: number,
    length: number,
    remoteAddress: bigint,
    remoteKey: bigint,
    id: number,
  ): number;
  poll(endpoint: RmaEndpointHandle, rows: Int32Array): number;
  errorText(error: number): string;
}

/** Says in the words of {@link RmaProvider} what the addon found. */
export function providerOf(found: RmaDescription): RmaProvider {
  return {
    name: found.provider,
    domain: found.domain,
    addressing: found.virtualAddresses ? "virtual" : "offset",
    choosesKeys: found.providerKeys,
    maxTransferBytes: Math.min(found.maxTransferBytes, Number.MAX_SAFE_INTEGER),
  };
}
