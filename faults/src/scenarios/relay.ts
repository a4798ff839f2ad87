import type { Stage } from '../stage.js';

/** Which of loyalty's processes publishes now. */
export function leadingRelay(stage: Stage): Promise<number> {
  return stage
    .until('a relay leading', async () => {
      for (const replica of stage.platform.ports.loyalty.keys()) {
        if ((await stage.metric('regulars_outbox_leads', 'loyalty', replica)) === 1) return { replica };
      }
      return undefined;
    })
    .then(({ replica }) => replica);
}

/** Resolves at a moment at which the relay has something in hand that it has not noted as published. */
export async function relayIsBusy(stage: Stage): Promise<void> {
  const client = await stage.connect();
  try {
    await stage.until('the relay being busy', async () => {
      const { rows } = await client.query<{ waiting: boolean }>(
        `select exists (select from loyalty.outbox o, loyalty.relay_cursor c
           where o.ord > c.through_ord) as waiting`,
      );
      return rows[0]?.waiting;
    });
  } finally {
    await client.end();
  }
}
