import type { SharedRegion } from "@proj/wire-types";

/** The files of a driver's directory, as far as the driver needs them. */
export interface DriverFiles {
  /**
   * Creates the log of a publication, all zero.
   *
   * @throws An error whose message says why: no space, most of all.
   */
  createLog(registrationId: bigint, sizeBytes: number): LogFile;
}

/** A log file of the driver. */
export interface LogFile {
  /** Its absolute path, which clients open. */
  readonly path: string;
  /** Its memory. */
  readonly region: SharedRegion;
  /** Unmaps it and removes its name. */
  remove(): void;
}
