import type { Session } from '../postgres-proxy.js';
import type { Stage } from '../stage.js';

export interface Moment {
  /** `sent`: the server has not seen the COMMIT; `done`: it has committed and nobody has heard of it. */
  readonly at: 'sent' | 'done';
  /** Of which transaction. */
  readonly of: (session: Session) => boolean;
  /** What strikes. */
  readonly what: string;
}

/** Kills at the next such moment, with requests in flight, and holds the COMMIT or its answer back for ever. */
export async function killAtCommit(
  stage: Stage,
  moment: Moment,
  kill: () => Promise<void>,
  withinMs = 60_000,
): Promise<void> {
  const { postgresProxy, history } = stage;
  let killed: Promise<void> | undefined;
  postgresProxy.trap = (at, session) => {
    if (killed || at !== moment.at || !moment.of(session) || history.inFlight === 0) return 'pass';
    stage.strike(moment.what);
    killed = kill();
    return 'hold';
  };
  await stage.until(moment.what, () => killed !== undefined, withinMs);
  await killed;
  postgresProxy.trap = undefined;
}

/** A lane's transaction with purchases. */
export function takesPurchases({ statements }: Session): boolean {
  return statements.some((text) => text.includes('hold_members'));
}
