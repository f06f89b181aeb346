import type { DcquicCode } from "../errors.js";

const WORDS: Readonly<Partial<Record<DcquicCode, string>>> = {
  "dcquic.cancelled": "it was cancelled",
  "dcquic.rejected": "the other side refused it",
  "dcquic.overloaded": "the other side has too much to do",
  "dcquic.no_acceptor": "the other side takes no such calls",
  "dcquic.dependency_failed": "a call that it waited for failed",
  "dcquic.peer_timeout": "the peer did not answer in time",
  "dcquic.peer_failed": "the peer answers no probes",
  "dcquic.peer_probing": "the peer has not answered for a while, and is asked whether it is there",
  "dcquic.peer_state_lost": "the peer does not know of it, as after a restart",
  "dcquic.integrity_failed": "its bytes are not those that were sent",
  "dcquic.app_terminated": "the program that it belonged to ended",
  "dcquic.going_away": "one of its sides is closing",
  "dcquic.deadline": "its deadline passed",
  "dcquic.limit": "a limit of one of its sides was reached",
  "dcquic.protocol": "one of its sides broke a rule of the protocol",
  "dcquic.placement_failed": "its bytes could not be put where they were to go",
  "dcquic.local_resource": "a thread, a socket or a NIC of this side is gone",
};

/** What a status that travelled says, for people. */
export function outcomeWords(code: DcquicCode, status: number): string {
  return WORDS[code] ?? `the application says ${status}`;
}
