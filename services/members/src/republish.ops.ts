import { Inject, Injectable } from '@nestjs/common';
import { appendRepublished, Outbox, type RepublishedEvent } from '@regulars/messaging';
import { DataSource } from 'typeorm';
import { MembersService } from './members/members.service.js';

const pageLength = 500;
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** Publishes members again (requirement O3). */
@Injectable()
export class RepublishOps {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MembersService) private readonly members: MembersService,
    @Inject(Outbox) private readonly outbox: Outbox,
  ) {}

  /**
   * Publishes the registration of every member again, with its first id and time, in short transactions.
   *
   * @returns how many events
   */
  async registrations(): Promise<number> {
    const written = await appendRepublished(this.dataSource, this.allRegistrations());
    this.outbox.wake();
    return written;
  }

  private async *allRegistrations(): AsyncGenerator<RepublishedEvent> {
    let after = beforeAll;
    for (;;) {
      const page = await this.members.registrationsAfter(after, pageLength);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageLength) return;
      after = last.key;
    }
  }
}
