/** Whether a service can do its work, by part. It is ready when every part that was named is. */
export class Readiness {
  private readonly reasons = new Map<string, string>();
  private readonly listeners: ((ready: boolean) => void)[] = [];

  /** Parts that must become ready before the service is; each with what it waits for. */
  constructor(parts: Readonly<Record<string, string>> = {}) {
    for (const [part, reason] of Object.entries(parts)) this.reasons.set(part, reason);
  }

  get ready(): boolean {
    return this.reasons.size === 0;
  }

  /** Why the service is not ready, by part. */
  get pending(): Record<string, string> {
    return Object.fromEntries(this.reasons);
  }

  markReady(part: string): void {
    this.reasons.delete(part);
    this.tell();
  }

  markNotReady(part: string, reason: string): void {
    this.reasons.set(part, reason);
    this.tell();
  }

  onChange(listener: (ready: boolean) => void): void {
    this.listeners.push(listener);
    listener(this.ready);
  }

  private tell(): void {
    this.listeners.forEach((listener) => {
      listener(this.ready);
    });
  }
}
