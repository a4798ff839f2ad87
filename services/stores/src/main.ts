import { ConfigurationServiceService } from '@regulars/contracts/call/v1/configuration';
import { LimitServiceService } from '@regulars/contracts/stores/v1/limits';
import { StoreServiceService } from '@regulars/contracts/stores/v1/stores';
import { bootService, serviceSettings } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { RepublishOps } from './republish.ops.js';
import { StoresModule } from './stores.module.js';

await bootService({
  name: 'stores',
  module: StoresModule,
  settings: serviceSettings,
  rpc: [StoreServiceService, LimitServiceService, ConfigurationServiceService],
  migrations,
  ops: (app) => [
    {
      name: 'republish',
      says: 'Publish the latest event of every brand, store and till again, with its first id.',
      run: async () => ({ ok: true, answer: { events: await app.get(RepublishOps).everything() } }),
    },
  ],
});
