import type { RmaProvider } from "./rma.js";

/** An endpoint with its peers and the memory that is registered with it. Progress is made in {@link RmaEndpoint.poll}. */
export interface RmaEndpoint {
  /** What it runs on. */
  readonly provider: RmaProvider;
  /** What a peer passes to {@link RmaEndpoint.connect}; a copy. */
  readonly address: Uint8Array;
  /** Failed transfers after which the connection was made anew. */
  readonly recoveries: number;
  /**
   * Registers memory, for local use and for the peers that learn its key, until it is deregistered or this is closed.
   *
   * A key is no access control: `shm` does not check it. Register nothing that peers must not read.
   *
   * @param bytes Of a mapping or a `SharedArrayBuffer`, which stay where they are; a mapping is not unmapped meanwhile.
   * @throws TypeError for memory of another kind.
   * @throws {@link NativeIoError} `native_io.system`, `native_io.closed`.
   */
  register(bytes: Uint8Array, rights: RmaRights): RmaRegion;
  /**
   * Names a peer by the address it told. Nothing is sent yet.
   *
   * @throws {@link NativeIoError} `native_io.system` (`EINVAL` for an address of another provider).
   */
  connect(address: Uint8Array): RmaPeer;
  /** Forgets a peer; its transfers under way fail. */
  disconnect(peer: RmaPeer): void;
  /**
   * Starts to copy from the peer's memory into `local`.
   *
   * A transfer after a failed one begins with a new connection: some providers fail everything on the old one.
   *
   * @throws RangeError for bytes outside the region, or more than the provider moves at once.
   * @throws {@link NativeIoError} `native_io.closed`, `native_io.system`.
   */
  read(transfer: RmaTransfer): RmaPosted;
  /**
   * Starts to copy from `local` into the peer's memory. Complete means that `local` may be reused; the peer may see the
   * bytes a little later.
   *
   * @throws As {@link RmaEndpoint.read}.
   */
  write(transfer: RmaTransfer): RmaPosted;
  /**
   * Makes progress, for peers too, and returns what has come to its end. Call it as often as the event loop allows.
   *
   * @throws {@link NativeIoError} `native_io.closed`, `native_io.system`.
   */
  poll(): readonly RmaCompletion[];
  /** Ends every transfer, registration and connection; harmless the second time. */
  close(): void;
}

declare const rmaPeer: unique symbol;

/** A peer of one endpoint. */
export type RmaPeer = number & { readonly [rmaPeer]: true };

/** What peers may do with a region. */
export interface RmaRights {
  /** Whether they may read it. */
  readonly remoteRead: boolean;
  /** Whether they may write it. */
  readonly remoteWrite: boolean;
}

/** Registered memory. */
export interface RmaRegion {
  /** What a peer shows to reach it. */
  readonly key: bigint;
  /** What a peer adds an offset to: the region's address, or 0. */
  readonly base: bigint;
  /** Bytes registered. */
  readonly size: number;
  /**
   * Ends the registration; harmless the second time.
   *
   * @throws {@link NativeIoError} `native_io.system` (`EBUSY`) while a transfer of this endpoint uses it.
   */
  deregister(): void;
}

/** One copy between this endpoint's memory and a peer's. */
export interface RmaTransfer {
  /** Whose memory is the other side. */
  readonly peer: RmaPeer;
  /** Memory on this side. */
  readonly local: RmaRegion;
  /** First byte in `local`. */
  readonly offset: number;
  /** Number of bytes, at least 1. */
  readonly length: number;
  /** The first byte on the other side: the region's base plus an offset. */
  readonly remoteAddress: bigint;
  /** The key of the region on the other side. */
  readonly remoteKey: bigint;
}

/** Whether a transfer was started. Under back pressure, poll and try again. */
export type RmaPosted =
  | { readonly kind: "posted"; readonly id: number }
  | { readonly kind: "backPressured" };

/** The end of one transfer. */
export interface RmaCompletion {
  /** Which. */
  readonly id: number;
  /** Why it failed; absent when it did not. */
  readonly failure?: RmaFailure;
}

/** Why a transfer failed. */
export interface RmaFailure {
  /** The system's or libfabric's name or words for it. */
  readonly reason: string;
  /** The number, as libfabric gave it. */
  readonly errno: number;
  /** The provider's own number. */
  readonly providerErrno: number;
}
