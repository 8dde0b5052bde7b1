import { readFileSync } from 'node:fs';

/** Processor time that a process has used, in milliseconds; NaN where /proc is not there. Other work on the machine leaves it as it is. */
export function cpuMs(pid: number | undefined): number {
  try {
    const fields =
      readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}
