import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DueWork } from '@regulars/service';
import { BirthdaysService } from './birthdays.service.js';

/** Asks which birthdays come, and carries out what they bring. */
@Injectable()
export class BirthdaysJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: readonly DueWork[];

  constructor(birthdays: BirthdaysService) {
    const opening = new DueWork({ name: 'birthdays', batch: () => birthdays.openDue(), longestRestMs: 5_000 });
    const asking = new DueWork({
      name: 'birthdays-asked',
      batch: async () => {
        const asked = await birthdays.askDue();
        if (asked > 0) opening.wake();
        return asked;
      },
      longestRestMs: 1_000,
    });
    const forgetting = new DueWork({
      name: 'birthdays-forgotten',
      batch: () => birthdays.forgetOld(),
      longestRestMs: 3_600_000,
    });
    this.work = [asking, opening, forgetting];
  }

  onApplicationBootstrap(): void {
    for (const each of this.work) each.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.work.map((each) => each.stop()));
  }
}
