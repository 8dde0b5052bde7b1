/** A list of a log, with the session that it was shown in. */
export interface SessionList {
  readonly impressionId: string;
  readonly sessionId: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** Earlier exchanges of the session. */
  readonly exchanges: number;
}

/** What else a log says of its sessions. */
export interface SessionLog {
  readonly asked: readonly { readonly sessionId: string; readonly at: number }[];
  /** Ids of the lists that were clicked. */
  readonly clicked: ReadonlySet<string>;
}

/**
 * Lists that were passed over before each list since the last click in its session, as the log has them. Lists of one moment stand in the
 * order of the log. Where the log lacks a part of the session (it has fewer queries of it up to then than the list's history says), each
 * earlier exchange counts as one list that was passed over.
 */
export function passedOver(lists: readonly SessionList[], { asked, clicked }: SessionLog): number[] {
  const queries = grouped(asked);
  const shown = grouped(lists.map((list, index) => ({ ...list, index })));
  const found = new Array<number>(lists.length);
  for (const [sessionId, ofSession] of shown) {
    const moments = (queries.get(sessionId) ?? []).map(({ at }) => at);
    let ignored = 0;
    for (const { impressionId, at, exchanges, index } of ofSession) {
      const whole = sessionId !== '' && moments.filter((moment) => moment <= at).length > exchanges;
      found[index] = whole ? ignored : exchanges;
      ignored = clicked.has(impressionId) ? 0 : ignored + 1;
    }
  }
  return found;
}

/** By session, in order of time. */
function grouped<T extends { readonly sessionId: string; readonly at: number }>(all: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const group = groups.get(each.sessionId) ?? [];
    group.push(each);
    groups.set(each.sessionId, group);
  }
  for (const group of groups.values()) group.sort((a, b) => a.at - b.at);
  return groups;
}
