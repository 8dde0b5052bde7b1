import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';

/** Some clients take no more than 8 KiB of trailers, and each violation stands in them three times. */
const MAX_REPORTED = 8;

/** What is wrong with a message, gathered so that the caller learns of all of it at once. */
export class Violations {
  private readonly found: FieldViolation[] = [];
  private unreported = 0;

  add(field: string, description: string): void {
    if (this.found.length < MAX_REPORTED) this.found.push({ field, description });
    else this.unreported++;
  }

  throwIfAny(): void {
    if (this.unreported > 0) {
      const description = `${String(this.unreported)} further violations are not listed`;
      throw new InvalidRequestError([...this.found, { field: '(more)', description }]);
    }
    if (this.found.length > 0) throw new InvalidRequestError(this.found);
  }
}

/** A name that a caller chose, in quotes and not too long to be read. */
export function quoteName(name: string): string {
  const short = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return JSON.stringify(short.toWellFormed());
}

/** A name that a caller chose, as a step of a field's path. */
export function pathName(name: string): string {
  return /^\w{1,64}$/.test(name) ? name : quoteName(name);
}
