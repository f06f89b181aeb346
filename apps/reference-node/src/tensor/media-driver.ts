import { isWireError } from "@proj/wire-types";
import { type AeronConnection, connectAeron, startEmbeddedDriver } from "@proj/aeron/node";

/** How long a driver that should be there may take to answer, in milliseconds. */
const ATTACH_MS = 300;
const START_MS = 10_000;

/** A connection to a media driver. */
export interface MediaConnection extends AeronConnection {
  /** Whether the driver was there, or is ours and ends with the connection. */
  readonly mediaDriver: "found" | "started";
  /** Settles when the connection has ended by itself, with the reason. */
  readonly lost: Promise<Error>;
  /** Leaves the driver, and stops it where it is ours. */
  end(): Promise<void>;
}

/**
 * Connects to the media driver of a directory, and starts one where none lives.
 *
 * @param aeronDir By default `AERON_DIR`, or `aeron-<user>` in `/dev/shm`.
 * @throws AeronError
 */
export async function connectMedia(aeronDir: string | undefined): Promise<MediaConnection> {
  const place = aeronDir === undefined || aeronDir === "" ? {} : { aeronDir };
  let lose: (reason: Error) => void = () => undefined;
  const lost = new Promise<Error>((resolve) => {
    lose = resolve;
  });
  const onClosed = (reason: Error | undefined): void => {
    if (reason !== undefined) lose(reason);
  };
  const found = await attach(place, onClosed);
  if (found !== undefined) {
    return { ...found, mediaDriver: "found", lost, end: () => Promise.resolve(found.close()) };
  }
  const driver = await startEmbeddedDriver(place);
  const connection = await connectAeron({ ...place, timeoutMs: START_MS, onClosed });
  const end = async (): Promise<void> => {
    connection.close();
    await driver.stop();
  };
  return { ...connection, mediaDriver: "started", lost, end };
}

async function attach(
  place: { readonly aeronDir?: string },
  onClosed: (reason: Error | undefined) => void,
): Promise<AeronConnection | undefined> {
  try {
    return await connectAeron({ ...place, timeoutMs: ATTACH_MS, onClosed });
  } catch (error) {
    if (isWireError(error) && error.code === "aeron.no_driver") return undefined;
    throw error;
  }
}
