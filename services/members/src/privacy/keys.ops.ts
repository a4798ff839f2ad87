import type { INestApplicationContext } from '@nestjs/common';
import type { OpsCommand } from '@regulars/service';
import { KeysService } from './keys.service.js';

/** How far a replacement of keys is (requirements M6, O3): when a retired one can be left out. */
export function keysCommand(app: INestApplicationContext): OpsCommand {
  return {
    name: 'keys',
    switches: ['move'],
    says: 'Which keys are in use, by their names; 1 while a retired one still is. --move does the rest of the work now, beside the processes that serve.',
    run: async ({ flags }) => {
      const keys = app.get(KeysService);
      let moved = 0;
      if (flags.move)
        for (let some = await keys.moveFromRetired(); some > 0; some = await keys.moveFromRetired()) moved += some;
      const found = await keys.inUse();
      return { ok: found.retiredInUse.length === 0, answer: { ...found, ...(flags.move && { moved }) } };
    },
  };
}
