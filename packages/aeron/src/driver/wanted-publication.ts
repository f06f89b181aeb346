import type { ChannelUri } from "../channel-uri.js";
import { DriverError } from "../errors.js";
import type { IpcPublication } from "./ipc-publication.js";
import type { PublicationOptions } from "./publication-options.js";
import { Refusal } from "./refusal.js";

/** A publication that a client asks for. */
export interface WantedPublication {
  /** The command that asks. */
  readonly registrationId: bigint;
  /** The stream. */
  readonly streamId: number;
  /** The channel as it was written. */
  readonly channel: string;
  /** The channel as it was read. */
  readonly uri: ChannelUri;
  /** What the channel asks for. */
  readonly options: PublicationOptions;
  /** Whether nobody else may write it. */
  readonly exclusive: boolean;
}

/** Refuses a channel that asks for another log than the one that is there. @throws {@link Refusal} */
export function checkSame(
  known: IpcPublication,
  uri: ChannelUri,
  options: PublicationOptions,
): void {
  const differs = (key: string, ours: number, theirs: number): void => {
    if (!uri.parameters.has(key) || ours === theirs) return;
    throw new Refusal(
      DriverError.GENERIC,
      `${key}=${theirs} differs from that of the existing publication, ${ours}`,
    );
  };
  differs("term-length", known.log.termLength, options.termLength);
  differs("mtu", known.log.mtu, options.mtu);
  differs("init-term-id", known.log.initialTermId, options.initialTermId ?? 0);
}
