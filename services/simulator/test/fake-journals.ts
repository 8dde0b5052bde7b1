import type { Journal, JournalEntry, Journals, SimulationHead } from '../src/domain/simulation/journal.js';

/** Journals in memory. */
export class FakeJournals implements Journals {
  readonly kept = new Map<string, { head: SimulationHead; entries: JournalEntry[] }>();

  begin(head: SimulationHead): Journal {
    this.kept.set(head.id, { head, entries: [] });
    return this.journalOf(head.id);
  }

  reopen(id: string): { head: SimulationHead; journal: Journal } | undefined {
    const known = id === '' ? [...this.kept.keys()].at(-1) : id;
    const found = this.kept.get(known ?? '');
    return found && { head: found.head, journal: this.journalOf(found.head.id) };
  }

  private journalOf(id: string): Journal {
    const entries = this.kept.get(id)?.entries ?? [];
    return {
      append: (entry) => entries.push(entry),
      entries: () => [...entries],
      reportDirectory: `/reports/${id}`,
      close: () => undefined,
    };
  }
}
