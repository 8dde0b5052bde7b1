/** Something that is wrong with a task file. */
export interface TaskFault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Path of the field, such as "decoding.top_p"; empty for the file as a whole. */
  readonly field: string;
  /** What is wrong and what to do about it. */
  readonly description: string;
}

/** Task files that cannot be used; says of each fault where it is and what to do. */
export class TaskFileError extends Error {
  override readonly name = 'TaskFileError';
  constructor(readonly faults: readonly TaskFault[]) {
    super(
      faults
        .map(({ file, line, field, description }) => `${file}:${String(line)}: ${field === '' ? '' : `${field}: `}${description}`)
        .join('\n'),
    );
  }
}
