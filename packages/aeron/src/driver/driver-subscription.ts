import { type ChannelUri, parseFlag, parseInt32 } from "../channel-uri.js";

/** A subscription of a client. */
export interface DriverSubscription {
  /** The command that added it. */
  readonly registrationId: bigint;
  /** Whose it is. */
  readonly clientId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** The channel. */
  readonly channel: string;
  /** The one session it reads, where it chose one. */
  readonly sessionId?: number;
  /** Whether writers wait for it; by default they do. */
  readonly tether: boolean;
  /** Whether it joins again after it was left behind. */
  readonly rejoin: boolean;
}

/** Reads what the channel of a subscription asks for. @throws {@link AeronError} `aeron.channel_invalid` */
export function driverSubscription(
  ids: { readonly registrationId: bigint; readonly clientId: bigint; readonly streamId: number },
  channel: string,
  uri: ChannelUri,
): DriverSubscription {
  const session = uri.parameters.get("session-id");
  const flag = (key: string): boolean => parseFlag(key, uri.parameters.get(key) ?? "true");
  return {
    ...ids,
    channel,
    ...(session === undefined ? {} : { sessionId: parseInt32("session-id", session) }),
    tether: flag("tether"),
    rejoin: flag("rejoin"),
  };
}
