import { StoreServiceService } from '@regulars/contracts/stores/v1/stores';
import { bootService, serviceSettings } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { StoresModule } from './stores.module.js';

await bootService({
  name: 'stores',
  module: StoresModule,
  settings: serviceSettings,
  rpc: [StoreServiceService],
  migrations,
});
