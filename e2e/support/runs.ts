/** Options with which `npx gqr train ctr` trains the smallest network that there is: the way counts here, not the model. */
export const TINY_CTR = [
  ['epochs', '1'],
  ['layers', '1'],
  ['hidden', '16'],
  ['heads', '2'],
  ['intermediate', '32'],
  ['wordVectors', 'none'],
  ['vocabulary', '500'],
  ['maxLength', '48'],
  ['threads', '1'],
  // Whatever ships with the project is left alone, and what one pass has learnt need not be better than a baseline.
  ['init', 'scratch'],
  ['force', 'true'],
  ['trainFraction', '0.6'],
  ['validationFraction', '0.2'],
].flatMap(([name = '', value = '']) => ['--set', `${name}=${value}`]);

/** A run in proto3 JSON. */
export interface RunDocument {
  readonly run: {
    readonly runId: string;
    readonly state: string;
    readonly model?: { readonly kind: string; readonly version: string };
    readonly metrics?: Readonly<Record<string, unknown>>;
  };
}

/** What `npx gqr status` says. */
export interface StatusDocument {
  readonly services: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly models: readonly { readonly kind: string; readonly version: string }[];
  }[];
}
