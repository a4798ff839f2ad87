import type { Principal } from '@regulars/service';

/** On whose behalf a call is made, and in which trace. */
export interface Caller {
  readonly principal: Principal;
  readonly traceparent: string | undefined;
  /** Whether it is only to be told what would become of it. */
  readonly isDryRun?: boolean;
}
