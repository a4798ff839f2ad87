import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { AccessController } from './members/access.controller.js';
import { MembersController } from './members/members.controller.js';
import { memberTopic } from './members/members.js';
import { MembersService } from './members/members.service.js';
import { RegistrationService } from './members/registration.service.js';
import { ParticularsController } from './particulars/particulars.controller.js';
import { ParticularsService } from './particulars/particulars.service.js';
import { AccessLogService } from './privacy/access-log.service.js';
import { KeysJob } from './privacy/keys.job.js';
import { KeysService } from './privacy/keys.service.js';
import { VaultService } from './privacy/vault.service.js';
import { RepublishOps } from './republish.ops.js';

@Module({
  imports: [MessagingModule.forRoot({ source: '/regulars/members', topics: [{ name: memberTopic }], consumers: [] })],
  controllers: [MembersController, AccessController, ParticularsController],
  providers: [
    VaultService,
    KeysService,
    KeysJob,
    AccessLogService,
    MembersService,
    RegistrationService,
    ParticularsService,
    RepublishOps,
  ],
})
export class MembersModule {}
