import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { FollowUpServiceService } from '@regulars/contracts/surveys/v1/followups';
import { bootService, serviceSettings } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { SurveysModule } from './surveys.module.js';

await bootService({
  name: 'surveys',
  module: SurveysModule,
  settings: serviceSettings,
  rpc: [FollowUpServiceService, MemberDataServiceService],
  migrations,
});
