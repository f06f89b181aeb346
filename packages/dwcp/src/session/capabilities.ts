import { DwcpError } from "../errors.js";
import type { Capabilities } from "../wire/session-messages.js";

/**
 * Intersects what both sides can do. Either side gets the same, and refuses to use anything outside it.
 *
 * @throws {@link DwcpError} `dwcp.unsupported` when nothing is left of something that every transfer needs.
 * @see spec/dwcp.md B2
 */
export function agreeCapabilities(mine: Capabilities, theirs: Capabilities): Capabilities {
  const agreed: Capabilities = {
    codecs: shared("codec", mine.codecs, theirs.codecs),
    hashes: shared("hash", mine.hashes, theirs.hashes),
    pageSizes: shared("page size", mine.pageSizes, theirs.pageSizes),
    maxFrameBytes: Math.min(mine.maxFrameBytes, theirs.maxFrameBytes),
    maxUnitRawBytes: Math.min(mine.maxUnitRawBytes, theirs.maxUnitRawBytes),
    maxWindowLog: Math.min(mine.maxWindowLog, theirs.maxWindowLog),
    maxStreams: Math.min(mine.maxStreams, theirs.maxStreams),
    creditBytes: Math.min(mine.creditBytes, theirs.creditBytes),
    resume: mine.resume && theirs.resume,
    tls: mine.tls && theirs.tls,
    auth: shared("way to authenticate", mine.auth, theirs.auth),
    levels: mine.levels.filter((level) => theirs.levels.includes(level)),
    providers: shared("provider", mine.providers, theirs.providers),
  };
  if (mine.tls !== theirs.tls) {
    throw new DwcpError(
      "dwcp.unsupported",
      "one side speaks TLS on this connection, the other does not",
    );
  }
  return agreed;
}

/** Whether `agreed` holds nothing that `mine` does not: what the answer to an own proposal has to be. */
export function isWithin(mine: Capabilities, agreed: Capabilities): boolean {
  return (
    isPart(agreed.codecs, mine.codecs) &&
    isPart(agreed.hashes, mine.hashes) &&
    isPart(agreed.pageSizes, mine.pageSizes) &&
    isPart(agreed.auth, mine.auth) &&
    isPart(agreed.levels, mine.levels) &&
    isPart(agreed.providers, mine.providers) &&
    agreed.maxFrameBytes <= mine.maxFrameBytes &&
    agreed.maxUnitRawBytes <= mine.maxUnitRawBytes &&
    agreed.maxWindowLog <= mine.maxWindowLog &&
    agreed.maxStreams <= mine.maxStreams &&
    agreed.creditBytes <= mine.creditBytes &&
    (mine.resume || !agreed.resume) &&
    mine.tls === agreed.tls
  );
}

function isPart<T>(part: readonly T[], whole: readonly T[]): boolean {
  return part.every((each) => whole.includes(each));
}

function shared<T>(what: string, mine: readonly T[], theirs: readonly T[]): readonly T[] {
  const both = mine.filter((each) => theirs.includes(each));
  if (both.length > 0) return both;
  throw new DwcpError(
    "dwcp.unsupported",
    `no ${what} in common: ${mine.join(", ")} here, ${theirs.join(", ")} there`,
  );
}
