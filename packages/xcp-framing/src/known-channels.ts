/** The channels that the peer has used. Channel 0 is always there. spec/xcp.md §7 */
export class KnownChannels {
  readonly #maxChannels: number;
  readonly #channels = new Set<number>();
  #last = 0;

  /** As many as `maxChannels` may be used besides 0. */
  constructor(maxChannels: number) {
    this.#maxChannels = maxChannels;
  }

  /** Notes that a channel is used; `false` for one too many. */
  admits(channelId: number): boolean {
    if (channelId === this.#last) return true;
    if (channelId !== 0 && !this.#channels.has(channelId)) {
      if (this.#channels.size >= this.#maxChannels) return false;
      this.#channels.add(channelId);
    }
    this.#last = channelId;
    return true;
  }
}
