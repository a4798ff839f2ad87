import { Module } from '@nestjs/common';
import { MessagingModule } from '@regulars/messaging';
import { MembersConsumer } from './members/members.consumer.js';
import { ProgrammesController } from './programmes/programmes.controller.js';
import { ProgrammesService } from './programmes/programmes.service.js';
import { BookService } from './purchases/book.service.js';
import { Lanes } from './purchases/lanes.service.js';
import { PendingService } from './purchases/pending.service.js';
import { pointsTopic } from './purchases/points-earned.js';
import { Postings } from './purchases/postings.service.js';
import { PurchasesController } from './purchases/purchases.controller.js';
import { PurchasesService } from './purchases/purchases.service.js';
import { StoresConsumer } from './stores/stores.consumer.js';
import { StoresService } from './stores/stores.service.js';
import { TillsConsumer } from './stores/tills.consumer.js';

/** Loyalty: programmes, purchases, points and tiers. */
@Module({
  imports: [
    MessagingModule.forRoot({
      source: '/regulars/loyalty',
      topics: [{ name: pointsTopic }],
      consumers: [StoresConsumer, TillsConsumer, MembersConsumer],
    }),
  ],
  controllers: [PurchasesController, ProgrammesController],
  providers: [
    ProgrammesService,
    StoresService,
    BookService,
    Lanes,
    Postings,
    PurchasesService,
    PendingService,
    StoresConsumer,
    TillsConsumer,
    MembersConsumer,
  ],
})
export class LoyaltyModule {}
