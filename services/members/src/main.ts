import { MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import { BirthdayServiceService } from '@regulars/contracts/members/v1/birthdays';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { DuplicateServiceService } from '@regulars/contracts/members/v1/duplicates';
import { MemberImportServiceService } from '@regulars/contracts/members/v1/imports';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { MergeServiceService } from '@regulars/contracts/members/v1/merges';
import { MemberParticularsServiceService } from '@regulars/contracts/members/v1/particulars';
import { PrivacyRequestServiceService } from '@regulars/contracts/members/v1/privacy_requests';
import { VerificationServiceService } from '@regulars/contracts/members/v1/verification';
import { VisitServiceService } from '@regulars/contracts/members/v1/visits';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { bootService } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { membersSettings } from './members.config.js';
import { MembersModule } from './members.module.js';
import { accessesCommand } from './privacy/access-seals.ops.js';
import { keysCommand } from './privacy/keys.ops.js';
import { RepublishOps } from './republish.ops.js';
import { visitsCommand } from './visits/visits.ops.js';

await bootService({
  name: 'members',
  module: MembersModule,
  settings: membersSettings,
  rpc: [
    MemberServiceService,
    BirthdayServiceService,
    MemberAccessServiceService,
    MemberDirectoryServiceService,
    DuplicateServiceService,
    MergeServiceService,
    MemberParticularsServiceService,
    VerificationServiceService,
    PrivacyRequestServiceService,
    VisitServiceService,
    MemberImportServiceService,
    MemberDataServiceService,
  ],
  migrations,
  ops: (app) => [
    accessesCommand(app),
    keysCommand(app),
    visitsCommand(app),
    {
      name: 'republish',
      says: 'Publish the registration of every member again, with its first id.',
      run: async () => ({ ok: true, answer: { events: await app.get(RepublishOps).registrations() } }),
    },
  ],
});
