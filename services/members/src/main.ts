import { MemberAccessServiceService } from '@regulars/contracts/members/v1/access';
import { MemberDirectoryServiceService } from '@regulars/contracts/members/v1/directory';
import { MemberServiceService } from '@regulars/contracts/members/v1/members';
import { MemberParticularsServiceService } from '@regulars/contracts/members/v1/particulars';
import { bootService } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { membersSettings } from './members.config.js';
import { MembersModule } from './members.module.js';

await bootService({
  name: 'members',
  module: MembersModule,
  settings: membersSettings,
  rpc: [
    MemberServiceService,
    MemberAccessServiceService,
    MemberDirectoryServiceService,
    MemberParticularsServiceService,
  ],
  migrations,
});
