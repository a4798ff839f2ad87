import { MessageServiceService } from '@regulars/contracts/notifications/v1/messages';
import { MemberDataServiceService } from '@regulars/contracts/privacy/v1/privacy';
import { bootService } from '@regulars/service';
import { migrations } from '../migrations/index.js';
import { notificationsSettings } from './notifications.config.js';
import { NotificationsModule } from './notifications.module.js';

await bootService({
  name: 'notifications',
  module: NotificationsModule,
  settings: notificationsSettings,
  rpc: [MessageServiceService, MemberDataServiceService],
  migrations,
});
