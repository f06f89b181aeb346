/** Memory that the peer reads, for units that need not go through a stream. spec/dwcp.md B14 */
export interface UnitMemory {
  /** Copies encoded bytes to where the peer finds them; `undefined` when there is no room, or it is not worth it. */
  lend(encoded: Uint8Array): number | undefined;
  /** The peer has them, or will never ask. */
  giveBack(offset: number): void;
  /** The peer could not read: other units go through streams. */
  failed(): void;
}
