import { CaseServiceService } from '@regulars/contracts/complaints/v1/cases';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { bootService } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { complaintsSettings } from './complaints.config.js';
import { ComplaintsModule } from './complaints.module.js';

await bootService({
  name: 'complaints',
  module: ComplaintsModule,
  settings: complaintsSettings,
  rpc: [CaseServiceService, MemberDataServiceService],
  migrations,
});
