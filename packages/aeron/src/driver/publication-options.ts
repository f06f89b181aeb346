import { type ChannelUri, parseFlag, parseInt32, parseSize } from "../channel-uri.js";
import { AeronError } from "../errors.js";
import { isTermLength } from "../log/log-buffers.js";

/** What a publication's channel asks for. */
export interface PublicationOptions {
  /** Bytes of a term. */
  readonly termLength: number;
  /** The largest frame. */
  readonly mtu: number;
  /** How far writers may be ahead of readers. */
  readonly windowBytes: number;
  /** The session, where it was chosen. */
  readonly sessionId?: number;
  /** The first term, and where writing begins, where they were chosen. */
  readonly initialTermId?: number;
  /** Where writing begins, counted from the first term. */
  readonly startTermId?: number;
  /** Where writing begins in that term. */
  readonly startOffset?: number;
}

/** What a publication is made with where its channel says nothing. */
export interface PublicationDefaults {
  /** Bytes of a term. */
  readonly termLength: number;
  /** The largest frame. */
  readonly mtu: number;
}

/** Reads what the channel of a publication asks for. @throws {@link AeronError} `aeron.channel_invalid` */
export function publicationOptions(
  uri: ChannelUri,
  defaults: PublicationDefaults,
): PublicationOptions {
  const { parameters } = uri;
  const size = (key: string, otherwise: number): number => {
    const text = parameters.get(key);
    return text === undefined ? otherwise : parseSize(key, text);
  };
  const int = (key: string): number | undefined => {
    const text = parameters.get(key);
    return text === undefined ? undefined : parseInt32(key, text);
  };
  const termLength = size("term-length", defaults.termLength);
  if (!isTermLength(termLength)) {
    throw invalid(`term-length=${termLength}: a power of two from 64k to 1g`);
  }
  const mtu = size("mtu", defaults.mtu);
  if (mtu <= 32 || mtu > 65_504 || mtu % 32 !== 0) {
    throw invalid(`mtu=${mtu}: a multiple of 32 up to 65504`);
  }
  const windowBytes = size("pub-wnd", termLength / 2);
  if (windowBytes < mtu || windowBytes > termLength / 2) {
    throw invalid(`pub-wnd=${windowBytes}: from the mtu to half a term`);
  }
  for (const key of ["tether", "sparse", "rejoin", "eos", "reliable"]) {
    const text = parameters.get(key);
    if (text !== undefined) parseFlag(key, text);
  }
  return { termLength, mtu, windowBytes, ...start(int, termLength), ...session(int) };
}

function session(int: (key: string) => number | undefined): { sessionId?: number } {
  const sessionId = int("session-id");
  return sessionId === undefined ? {} : { sessionId };
}

function start(
  int: (key: string) => number | undefined,
  termLength: number,
): { initialTermId?: number; startTermId?: number; startOffset?: number } {
  const initialTermId = int("init-term-id");
  const startTermId = int("term-id");
  const startOffset = int("term-offset");
  const given = [initialTermId, startTermId, startOffset].filter((each) => each !== undefined);
  if (given.length === 0) return {};
  if (initialTermId === undefined || startTermId === undefined || startOffset === undefined) {
    throw invalid("init-term-id, term-id and term-offset come together");
  }
  if (startOffset < 0 || startOffset > termLength || startOffset % 32 !== 0) {
    throw invalid(`term-offset=${startOffset}: a multiple of 32 in the term`);
  }
  if (((startTermId - initialTermId) | 0) < 0) throw invalid("term-id is before init-term-id");
  return { initialTermId, startTermId, startOffset };
}

function invalid(sentence: string): AeronError {
  return new AeronError("aeron.channel_invalid", sentence);
}
