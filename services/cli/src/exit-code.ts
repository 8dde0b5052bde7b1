/** Exit statuses of every command. The help shows this table. */
export const ExitCode = {
  Done: 0,
  Failed: 1,
  WrongUsage: 2,
  NotReachable: 3,
  InPart: 4,
  Cancelled: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export const EXIT_CODES_HELP = `
Exit status:
    0  done
    1  a service refused it, or the run failed
    2  the command line or a file that it names is wrong
    3  no service answers: GQR is not running, or not at that address
    4  done in part: some events were faulty, or not every service is ready
  130  cancelled`;
